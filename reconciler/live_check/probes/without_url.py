"""P5: whether an application may write an extension without the url of the trigger."""

from __future__ import annotations

from reconciler.live_check import bodies
from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial

_REFUSALS = (400, 403, 422)
_NEEDS_URL = "UnauthorizedClientAppOnBehalfOfUnsupported"
"""The code that an application has got without `url` (docs/graph.md §2.6)."""


async def ask(trial: Trial, notes: Notes) -> None:
    """POST and PUT an extension without `url`."""
    if trial.identity == "user":
        raise undecided("the identity is a user, and the question is about applications")
    name = trial.new_name("p5")
    body = bodies.extension(name, trial.app, url=None)
    own, result = await trial.create("extension", body, trial.own_catalog)
    if result.accepted:
        notes.decide("app_only_without_url", "accept", result)
    elif result.status in _REFUSALS:
        await _note_refusal(trial, notes, result)
        return
    else:
        notes.leave_unanswered("app_only_without_url", result)
    if own is not None:
        await trial.shown(own)
        again = bodies.extension(trial.new_name("p5"), trial.app, url=None)
        notes.observe("a PUT without the url", await trial.put(own, again))


async def _note_refusal(trial: Trial, notes: Notes, refused: Result) -> None:
    """A refusal is about the url if its code says so, or if the same is accepted with it."""
    if refused.seen.code == _NEEDS_URL:
        notes.decide("app_only_without_url", "refuse", refused)
        return
    if trial.trigger_url is None:
        reason = f"refused ({refused}), and not comparable: the url of the trigger is not known"
        notes.leave_open("app_only_without_url", reason, refused)
        return
    with_url = bodies.extension(trial.new_name("p5"), trial.app, url=trial.trigger_url)
    _, accepted = await trial.create("extension", with_url, trial.own_catalog)
    if accepted.accepted:
        notes.decide("app_only_without_url", "refuse", refused, accepted)
    else:
        reason = f"refused with the url too: {accepted}"
        notes.leave_open("app_only_without_url", reason, refused, accepted)


PROBE = Probe(
    "P5",
    "May an application write an extension without the url of the trigger?",
    ("app_only_without_url",),
    ask,
)
