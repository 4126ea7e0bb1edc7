"""The policies that the tests of updates draw are what they promise to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tiers import examples

from tests.policies.generated import (
    SETTINGS,
    TYPES,
    Policy,
    objects_in,
    policies,
    policy_files,
    policy_in,
)
from tests.policies.json_text import parsed
from tests.policies.metadata import needs_files, needs_metadata, problems
from tests.policies.refused import REFUSED, reasons

BETA_SHAPED = ("09", "15")
NOT_WRITTEN = {
    "09": {"dynamic_stage", "unknown_stage"},
    "10": {"dynamic_stage", "unknown_stage", "unknown_value"},
}


def has_null(policy: Policy) -> bool:
    return policy.tree.get("reviewSettings", 0) is None


def has_unknown_in_setting(policy: Policy) -> bool:
    return any(setting.keys() - {"id", "stage", "customExtension"} for setting in _settings(policy))


def has_repeated_setting(policy: Policy) -> bool:
    return len(_settings(policy)) > len(policy.called)


def has_both_types(policy: Policy) -> bool:
    return len({TYPES[stage] for stage in policy.called}) == 2


def is_in_another_order(policy: Policy) -> bool:
    stages = list(policy.called)
    return stages != sorted(stages, key=list(TYPES).index)


def has_empty_array(policy: Policy) -> bool:
    return [] in policy.tree.values()


def has_unknown_in_unknown(policy: Policy) -> bool:
    values = [held.get("newMember") for held in objects_in(policy.tree)]
    return any(isinstance(value, dict) and value for value in values)


def has_text(part: str) -> Callable[[Policy], bool]:
    return lambda policy: part in policy.text


def _settings(policy: Policy) -> list[dict[str, Any]]:
    settings_of: list[dict[str, Any]] = policy.tree[SETTINGS]
    return settings_of


PROMISED: dict[str, Callable[[Policy], bool]] = {
    "an explicit null": has_null,
    "an absent member": lambda policy: "reviewSettings" not in policy.tree,
    "an empty array": has_empty_array,
    "an undeclared member in a setting": has_unknown_in_setting,
    "an undeclared object in an object": has_unknown_in_unknown,
    "a repeated setting": has_repeated_setting,
    "extensions of both types": has_both_types,
    "settings in another order than the stages": is_in_another_order,
    **{
        repr(part): has_text(part)
        for part in (
            "PT24H", "P1D", "1.0,", "1e2", "1E+2", "-0,", "0.10", "12345678901234567890",
            "1.000000000000000000001", "\\u65e5", "日本語", "\\/", "\\ud800", "aValueOfNextYear",
            "aTypeOfNextYear", '"@odata.context"', 'newMember@odata.context', "graph.tips",
            "#microsoft.graph.expirationPattern",
        )
    },
}  # fmt: skip


@needs_metadata
@pytest.mark.thorough
def test_what_is_promised_is_drawn() -> None:
    missing = dict(PROMISED)

    @settings(max_examples=500, derandomize=True, database=None)
    @given(policies())
    def draw(policy: Policy) -> None:
        for promise in [name for name, holds in missing.items() if holds(policy)]:
            del missing[promise]

    draw()
    assert list(missing) == []


@needs_metadata
@settings(max_examples=examples(40))
@given(policies(additions=False))
def test_without_additions_they_are_as_the_metadata_declares(policy: Policy) -> None:
    assert problems(json.loads(policy.text)) == []


@needs_metadata
@settings(max_examples=examples(60))
@given(policies())
def test_the_text_is_that_of_the_tree_and_may_be_written(policy: Policy) -> None:
    assert parsed(policy.text) == policy.tree
    assert reasons(policy) == set()


@needs_metadata
@pytest.mark.parametrize("reason", REFUSED)
def test_those_that_must_not_be_written_have_the_reason(reason: str) -> None:
    @settings(max_examples=examples(20))
    @given(REFUSED[reason])
    def check(policy: Policy) -> None:
        assert parsed(policy.text) == policy.tree
        assert reason in reasons(policy)

    check()


@needs_files
@pytest.mark.parametrize("file", policy_files(), ids=lambda file: file.name[:2])
def test_the_files_are_policies_as_answered(file: Path) -> None:
    policy, number = policy_in(file), file.name[:2]
    assert reasons(policy) == NOT_WRITTEN.get(number, set())
    assert (problems(json.loads(policy.text)) != []) == (number in BETA_SHAPED)


@needs_metadata
def test_the_check_against_the_metadata_refuses_what_is_not_declared() -> None:
    for member, value in (
        ("createdDateTime", "yesterday"),
        ("specificAllowedTargets", [{"userId": "no type"}]),
        ("specificAllowedTargets", [{"@odata.type": "#microsoft.graph.singleUser", "userId": 1}]),
        ("allowedTargetScope", "aValueOfNextYear"),
        ("expiration", {"duration": "24:00:00"}),
    ):
        assert problems({member: value}) != [], member
