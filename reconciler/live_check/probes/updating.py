"""P3: what an update of an extension does to what it omits or empties, and how long reads lag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.live_check import bodies
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Shown, Trial

_TIMEOUT = "PT2H"


async def ask(trial: Trial, notes: Notes) -> None:
    """PUT an extension without its description, with an empty one, and with null."""
    own, created = await trial.extension("p3")
    omitted = await _put(trial, own)
    empty = await _put(trial, own, description="")
    null = await _put(trial, own, description=None)
    if created.body.get("description") == bodies.DESCRIPTION:
        _note_put(notes, omitted)
        _note_empty(notes, empty, null)
    else:
        _note_no_description(notes, created)
    _note_lag(notes, created, omitted, empty, null)
    await _observe_name_only(trial, notes, own)
    await _observe_cleared_callback(trial, notes)


async def _put(trial: Trial, own: OwnObject, **members: Any) -> Shown:
    """The extension once reads show the new name that the PUT gives it.

    Raises:
        UndecidedError: the PUT was not accepted, or does not show.
    """
    marker = trial.new_name("p3")
    body = {**trial.extension_body()(marker), **members}
    if "description" not in members:
        del body["description"]
    result = await trial.put(own, body)
    if not result.accepted:
        raise undecided("the update of an extension was not accepted", result)
    return await _marked(trial, own, marker)


async def _marked(trial: Trial, own: OwnObject, marker: str) -> Shown:
    return await trial.shown(own, lambda body: body.get("displayName") == marker)


def _note_no_description(notes: Notes, created: Shown) -> None:
    """Without the description after the create, its absence after an update says nothing."""
    for switch in ("put", "empty_text"):
        notes.leave_open(switch, "the description is not answered as created", created.result)


def _note_put(notes: Notes, omitted: Shown) -> None:
    description = omitted.body.get("description")
    if description == bodies.DESCRIPTION:
        notes.decide("put", "merge", omitted.result)
    elif not description:
        notes.decide("put", "replace", omitted.result)
    else:
        notes.leave_open("put", "the description is another one after the update", omitted.result)


def _note_empty(notes: Notes, empty: Shown, null: Shown) -> None:
    """Whether an empty text and null stay what they are."""
    read = empty.body.get("description"), null.body.get("description")
    values: Mapping[tuple[object, object], str] = {
        ("", None): "as_sent",
        (None, None): "null",
        ("", ""): "empty",
    }
    value = values.get(read)
    if value is None:
        reason = "neither an empty description nor null is answered as expected"
        notes.leave_open("empty_text", reason, empty.result, null.result)
    else:
        notes.decide("empty_text", value, empty.result, null.result)


def _note_lag(notes: Notes, *reads: Shown) -> None:
    """How many reads after a write were stale; the most of them counts."""
    stale = [shown.stale_reads for shown in reads]
    results = [shown.result for shown in reads]
    notes.decide("lag_reads", max(stale), *results, times=stale.count(max(stale)))
    longest_s = max(shown.stale_s for shown in reads)
    notes.observe("how long a write did not show", f"up to {longest_s:.1f} s", *results)


async def _observe_name_only(trial: Trial, notes: Notes, own: OwnObject) -> None:
    name = trial.new_name("p3")
    result = await trial.put(own, {"@odata.type": bodies.REQUEST_TYPE, "displayName": name})
    notes.observe("a PUT with the type and the name alone", result)


async def _observe_cleared_callback(trial: Trial, notes: Notes) -> None:
    """Whether null clears the callback, under whichever name the timeout is accepted."""
    for timeout in ("timeoutDuration", "durationBeforeTimeout"):
        members = bodies.callback(**{timeout: _TIMEOUT})
        body = trial.extension_body(**members)(trial.new_name("p3"))
        own, result = await trial.create("extension", body, trial.own_catalog)
        if own is not None:
            await trial.shown(own)
            cleared = await _put(trial, own, callbackConfiguration=None)
            gone = cleared.body.get("callbackConfiguration") is None
            notes.observe(
                "null in a PUT clears the callback", "yes" if gone else "no", cleared.result
            )
            return
    notes.observe("an extension with a callback", result)


PROBE = Probe(
    "P3",
    "What does an update do to what it omits or empties, and how long do reads lag?",
    ("put", "empty_text", "lag_reads"),
    ask,
)
