"""P9: how many extensions a stage can call, and what is refused."""

from __future__ import annotations

from reconciler.live_check import bodies, policies
from reconciler.live_check.bodies import SETTINGS
from reconciler.live_check.notes import Notes
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.json_values import JsonObject

_REFUSED = (
    ("a request extension at an expiry stage", "assignmentOneDayBeforeExpiration"),
    ("an unknown stage", "reconcilerLiveCheck"),
)


async def ask(trial: Trial, notes: Notes) -> None:
    """PUT a policy that calls two extensions at one stage."""
    own, first, read = await policies.bound(trial, "p9")
    second, _ = await trial.extension("p9")
    written = await policies.bind(trial, own, read, first, second)
    if written.read is None:
        if written.result.refused_input:
            notes.decide("several_at_stage", "refuse", written.result)
        else:
            notes.leave_unanswered("several_at_stage", written.result)
    elif sorted(policies.called(written.read)) == sorted([first.id, second.id]):
        notes.decide("several_at_stage", "accept", written.result)
    else:
        shown = len(policies.called(written.read))
        reason = f"it was accepted, and {shown} of 2 extensions are called"
        notes.leave_open("several_at_stage", reason, written.result)
    await _observe_refusals(trial, notes, own, first, written.read or read)


async def _observe_refusals(
    trial: Trial, notes: Notes, own: OwnObject, extension: OwnObject, read: JsonObject
) -> None:
    for what, stage in _REFUSED:
        changes = {SETTINGS: [bodies.stage(stage, extension.id)]}
        body = bodies.policy_put(read, trial.own_package.id, **changes)
        notes.observe(what, await trial.put(own, body))


PROBE = Probe(
    "P9",
    "Can a stage call several extensions?",
    ("several_at_stage",),
    ask,
    needs_policy=True,
)
