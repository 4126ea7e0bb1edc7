"""P11: how Graph refuses to delete an extension that a policy calls."""

from __future__ import annotations

from reconciler.live_check import policies
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.json_values import JsonObject

STATUSES = (400, 403, 409, 412)
"""That the sandbox can have."""


async def ask(trial: Trial, notes: Notes) -> None:
    """DELETE an extension while a policy calls it, then after the call was removed."""
    own, extension, read = await policies.bound(trial, "p11")
    result = await trial.delete(extension)
    if result.accepted:
        reason = "Graph deletes an extension that a policy calls"
        notes.leave_open("in_use_status", reason, result)
        return
    is_deletable = await _is_deletable_unbound(trial, notes, own, extension, read)
    if result.status not in STATUSES:
        notes.leave_unanswered("in_use_status", result)
    elif is_deletable:
        notes.decide("in_use_status", result.status, result)
    else:
        reason = "the extension is not deleted either while no policy calls it"
        notes.leave_open("in_use_status", reason, result)
    if is_deletable:
        gone_s, gone = await trial.until_gone(extension)
        notes.observe("until a deletion shows", f"{gone_s:.1f} s", gone)


async def _is_deletable_unbound(
    trial: Trial, notes: Notes, own: OwnObject, extension: OwnObject, read: JsonObject
) -> bool:
    """True if the extension can be deleted once no policy calls it, or is gone then."""
    written = await policies.bind(trial, own, read)
    if written.read is None:
        raise undecided("the call of an extension could not be removed", written.result)
    kept = await trial.exists(extension)
    notes.observe("the extension after its last call was removed", "kept" if kept else "gone")
    deleted = await trial.delete(extension)
    return deleted.accepted or not kept


PROBE = Probe(
    "P11",
    "Which status has the refusal to delete an extension that a policy calls?",
    ("in_use_status",),
    ask,
    needs_policy=True,
)
