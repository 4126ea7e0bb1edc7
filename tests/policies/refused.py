"""Policies that the product must not write, by reason, and the reasons for which a policy is one
of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from tests.policies.generated import (
    SETTINGS,
    TYPES,
    Object,
    Policy,
    as_text,
    declared,
    extension_id,
    objects_in,
    setting,
)
from tests.policies.json_text import Tree
from tests.policies.values import DYNAMIC_STAGE, Draw

UNKNOWN = "unknownFutureValue"
UNKNOWN_STAGES = ("assignmentRequestDeterminingApprovalRequirements", "aStageOfNextYear", UNKNOWN)
_NO_EXTENSION: tuple[Object | None, ...] = (None, {}, {"id": None}, {"displayName": "no id"})

Spoil = Callable[[Draw, Object], None]


def _unknown_value(draw: Draw, policy: Object) -> None:
    places: tuple[tuple[str, Tree], ...] = (
        ("allowedTargetScope", UNKNOWN),
        ("expiration", {"type": UNKNOWN}),
        ("newMember", [{"newMember": UNKNOWN}]),
    )
    name, value = draw(st.sampled_from(places))
    policy[name] = value


def _dynamic_stage(draw: Draw, policy: Object) -> None:
    approval = policy.get("requestApprovalSettings") or {}
    stage: Object = {"@odata.type": f"#{DYNAMIC_STAGE}", "isEscalationEnabled": False}
    if draw(st.booleans()):
        stage["customExtension"] = _any_extension("assignmentRequestCreated", 1)
    before = approval.get("stages") or []
    policy["requestApprovalSettings"] = {**approval, "stages": [*before, stage]}


def _unknown_stage(draw: Draw, policy: Object) -> None:
    stage = draw(st.sampled_from(UNKNOWN_STAGES))
    _add_setting(draw, policy, stage, _any_extension("assignmentRequestCreated", 1))


def _without_extension(draw: Draw, policy: Object) -> None:
    stage = draw(st.sampled_from(list(TYPES)))
    _add_setting(draw, policy, stage, draw(st.sampled_from(_NO_EXTENSION)))


def _several_at_stage(draw: Draw, policy: Object) -> None:
    stage = draw(st.sampled_from(list(TYPES)))
    for number in (1, 2):
        _add_setting(draw, policy, stage, _any_extension(stage, number))


def _add_setting(draw: Draw, policy: Object, stage: str, extension: Object | None) -> None:
    settings = policy[SETTINGS]
    position = draw(st.integers(0, len(settings)))
    settings.insert(position, setting(100 + len(settings), stage, extension))


def _any_extension(stage: str, number: int) -> Object:
    type_name = TYPES[stage]
    named = {"id": extension_id(type_name, number), "displayName": f"{type_name[-30:]} {number}"}
    return {"@odata.type": f"#{type_name}", **named}


@st.composite
def _spoiled(draw: Draw, spoil: Spoil) -> Policy:
    policy = declared(draw)
    spoil(draw, policy)
    return as_text(draw, policy)


REFUSED = {
    "unknown_value": _spoiled(_unknown_value),
    "dynamic_stage": _spoiled(_dynamic_stage),
    "unknown_stage": _spoiled(_unknown_stage),
    "without_extension": _spoiled(_without_extension),
    "several_at_stage": _spoiled(_several_at_stage),
}
"""A strategy for each reason; `several_at_stage` counts only where that stage is declared."""


def reasons(policy: Policy) -> set[str]:
    """Every reason, of those in REFUSED, for which the product must not write the policy."""
    return set(_reasons(policy))


def _reasons(policy: Policy) -> Iterator[str]:
    for holder in objects_in(policy.tree):
        if any(value in (UNKNOWN, [UNKNOWN]) for value in holder.values()):
            yield "unknown_value"
        if str(holder.get("@odata.type")).endswith("accessPackageDynamicApprovalStage"):
            yield "dynamic_stage"
    for each in policy.tree[SETTINGS]:
        if each["stage"] not in TYPES:
            yield "unknown_stage"
        if (each.get("customExtension") or {}).get("id") is None:
            yield "without_extension"
    if any(len(ids) > 1 for ids in policy.called.values()):
        yield "several_at_stage"
