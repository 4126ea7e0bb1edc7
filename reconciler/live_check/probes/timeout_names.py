"""P2: under which name the timeout of a callback is accepted and answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.live_check import bodies
from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.durations import duration_s

NAMES = ("timeoutDuration", "durationBeforeTimeout")
_TIMEOUT = "PT2H"


async def ask(trial: Trial, notes: Notes) -> None:
    """POST an extension with either name, and read both back."""
    await trial.extension("p2")  # the control: without a callback it is accepted
    answers = {name: await _try(trial, name) for name in NAMES}
    results = [result for result, _ in answers.values()]
    open_answers = [each for each in results if not (each.accepted or each.refused_input)]
    if open_answers:
        raise undecided("the answer to a create decides nothing", *open_answers)
    _note_answered(notes, answers)
    _note_accepted(notes, answers)


async def _try(trial: Trial, name: str) -> tuple[Result, Mapping[str, Any]]:
    """The answer to a create with the timeout under this name, and the callback as it is read."""
    members = bodies.callback(**{name: _TIMEOUT})
    body = trial.extension_body(**members)(trial.new_name("p2"))
    own, result = await trial.create("extension", body, trial.own_catalog)
    if own is None and result.accepted:
        raise undecided("an extension was created without an id in the answer", result)
    if own is None:
        return result, {}
    shown = await trial.shown(own)
    callback = shown.body.get("callbackConfiguration")
    return result, callback if isinstance(callback, dict) else {}


def _note_answered(notes: Notes, answers: Mapping[str, tuple[Result, Mapping[str, Any]]]) -> None:
    """Under which name a timeout that was kept is read."""
    results = [result for result, _ in answers.values()]
    kept = [callback for _, callback in answers.values() if _kept(callback)]
    if not kept:
        notes.leave_open("timeout_answer", "no timeout was kept under either name", *results)
        return
    shown = [name for name in NAMES if _in_all(kept, name)]
    value = "both" if len(shown) > 1 else next(iter(shown), None)
    if value is None:
        notes.leave_open("timeout_answer", "the answers differ in the name", *results)
    else:
        notes.decide("timeout_answer", value, *results, times=len(kept))


def _note_accepted(notes: Notes, answers: Mapping[str, tuple[Result, Mapping[str, Any]]]) -> None:
    """Which name is accepted, and what becomes of the other one."""
    results = [result for result, _ in answers.values()]
    kept = [name for name, (_, callback) in answers.items() if _kept(callback)]
    if not kept:
        reason = "no timeout was kept under either name"
        notes.leave_open("timeout_accept", reason, *results)
        notes.leave_open("timeout_other", reason, *results)
        return
    notes.decide("timeout_accept", "both" if len(kept) > 1 else kept[0], *results)
    if len(kept) > 1:
        notes.leave_open("timeout_other", "both names are accepted, so there is no other one")
        return
    other, _ = answers[next(name for name in NAMES if name not in kept)]
    notes.decide("timeout_other", "reject" if other.refused_input else "ignore", other)


def _in_all(callbacks: Iterable[Mapping[str, Any]], name: str) -> bool:
    return all(_is_set(callback, name) for callback in callbacks)


def _kept(callback: Mapping[str, Any]) -> bool:
    return any(_is_set(callback, name) for name in NAMES)


def _is_set(callback: Mapping[str, Any], name: str) -> bool:
    """True if the callback has the timeout that was sent under this name, however it is spelled."""
    value = callback.get(name)
    return isinstance(value, str) and duration_s(value) == duration_s(_TIMEOUT)


PROBE = Probe(
    "P2",
    "Which name of the callback timeout does v1.0 accept and answer?",
    ("timeout_answer", "timeout_accept", "timeout_other"),
    ask,
)
