"""P14: what else a PUT of a policy changes than it was asked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.live_check import bodies, policies
from reconciler.live_check.bodies import SETTINGS
from reconciler.live_check.notes import Notes
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.policies import Written
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.json_values import JsonObject, JsonValue

_ASKED_FOR = ("description", "modifiedDateTime")


async def ask(trial: Trial, notes: Notes) -> None:
    """PUT a policy with a question and a call of an extension, and another description."""
    own, _, before = await policies.bound(trial, "p14")
    written = await policies.change(trial, own, before)
    if written.read is None:
        reason = f"the update of a policy was not accepted: {written.result}"
        for switch in PROBE.switches:
            notes.leave_open(switch, reason, written.result)
        return
    _note_ids(notes, "question_ids", "questions", before, written)
    _note_ids(notes, "setting_ids", SETTINGS, before, written)
    changed = _content(before) != _content(written.read)
    notes.decide("policy_put_alters", changed, written.result)
    await _observe_tolerance(trial, notes, own, written.read)


def _note_ids(
    notes: Notes, switch: str, member: str, before: Mapping[str, Any], written: Written
) -> None:
    """Whether the ids of the objects in this member stay the same."""
    former, now = _ids(before, member), _ids(written.read or {}, member)
    if not former or None in former or len(former) != len(now):
        notes.leave_open(switch, f"the answers do not show the ids of {member}", written.result)
    else:
        notes.decide(switch, "keep" if former == now else "renew", written.result)


def _ids(policy: Mapping[str, Any], member: str) -> list[object]:
    return [each.get("id") for each in policy.get(member) or [] if isinstance(each, dict)]


def _content(policy: Mapping[str, Any]) -> JsonObject:
    """Everything of the policy that the PUT must not change; ids are judged apart."""
    kept = {
        name: value for name, value in policy.items() if name not in _ASKED_FOR and "@" not in name
    }
    questions = [_without_id(question) for question in policy["questions"]]
    stages: list[JsonValue] = [str(setting.get("stage")) for setting in policy[SETTINGS]]
    calls = sorted(zip(stages, policies.called(policy), strict=True), key=str)
    return {**kept, SETTINGS: [list(call) for call in calls], "questions": questions}


def _without_id(question: Mapping[str, Any]) -> JsonObject:
    return {name: value for name, value in question.items() if name != "id"}


async def _observe_tolerance(trial: Trial, notes: Notes, own: OwnObject, read: JsonObject) -> None:
    """What Graph says about members that it need not know."""
    context = f"{trial.graph.entitlement.path_parameters.get('baseurl')}/$metadata"
    extras: Mapping[str, JsonObject] = {
        "the id of the policy in the body of a PUT": {"id": own.id},
        "@odata.context in the body of a PUT": {"@odata.context": context},
        "an unknown member in the body of a PUT": {"reconcilerLiveCheck": True},
    }
    for what, extra in extras.items():
        body = bodies.policy_put(read, trial.own_package.id, **extra)
        notes.observe(what, await trial.put(own, body))


PROBE = Probe(
    "P14",
    "What else does a PUT of a policy change?",
    ("question_ids", "setting_ids", "policy_put_alters"),
    ask,
    needs_policy=True,
)
