"""The comparison of two policies notices whatever an update could lose, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tiers import examples

from tests.policies.compare import called_at, differences, outside
from tests.policies.generated import TYPES, Policy, objects_in, policies
from tests.policies.json_text import STYLES, Number, parsed, written
from tests.policies.metadata import needs_metadata

CREATED, APPROVED = "assignmentRequestCreated", "assignmentRequestApproved"
BEFORE = (
    '{"id":"p","modifiedDateTime":"x","displayName":"A\\u00e9","accessPackage":{"id":"k","n":1},'
    '"requestorSettings":{"a":1.0,"newMember":{"b":[null,-0]},"c":null},"specificAllowedTargets":[]'
    ',"reviewSettings":null,"customExtensionStageSettings":['
    '{"id":"1","stage":"assignmentRequestCreated","customExtension":{"@odata.type":"#t","id":"x"}},'
    '{"stage":"assignmentRequestApproved","customExtension":{"@odata.type":"#t","id":"y","n":2}}]}'
)


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ('"newMember":{"b":[null,-0]},', "", "/requestorSettings/newMember: lost"),
        ('"a":1.0', '"a":1', "/requestorSettings/a: 1.0 became 1"),
        ("-0", "0", "/requestorSettings/newMember/b/1: -0 became 0"),
        ("null,-0", "-0", "/requestorSettings/newMember/b: [null,-0] became [-0]"),
        (',"c":null', "", "/requestorSettings/c: lost"),
        ('"c":null', '"c":false', "/requestorSettings/c: null became false"),
        ('"c":null', '"c":null,"d":null', "/requestorSettings/d: added"),
        (',"specificAllowedTargets":[]', "", "/specificAllowedTargets: lost"),
        ('"reviewSettings":null,', "", "/reviewSettings: lost"),
        ('"reviewSettings":null', '"reviewSettings":{}', "/reviewSettings: null became {}"),
        ('"id":"k"', '"id":"other"', '/accessPackage/id: "k" became "other"'),
        (
            '"id":"y"',
            '"id":"z"',
            '/customExtensionStageSettings/0/customExtension/id: "y" became "z"',
        ),
        (
            '"@odata.type":"#t","id":"y"',
            '"id":"y"',
            "/customExtensionStageSettings/0/customExtension/@odata.type: lost",
        ),
    ],
)
def test_a_difference_is_noticed_and_named(old: str, new: str, difference: str) -> None:
    assert differences(BEFORE, BEFORE.replace(old, new), CREATED) == [difference]


def test_another_order_of_members_is_a_difference() -> None:
    moved = BEFORE.replace('"a":1.0,', "").replace('"c":null', '"c":null,"a":1.0')
    expected = ["/requestorSettings: members in another order"]
    assert differences(BEFORE, moved, CREATED) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"id":"p","modifiedDateTime":"x"', '"id":"q","createdDateTime":"y"'),
        ('"displayName"', '"@odata.context":"x","displayName"'),
        ('"c":null', '"d@odata.context":"x","c":null,"@microsoft.graph.tips":"y"'),
        ('"reviewSettings"', '"catalog":{"id":"c"},"reviewSettings"'),
        ('{"id":"k","n":1}', '{"n":2,"id":"k"}'),
        ('"reviewSettings":null', '"reviewSettings":null,"automaticRequestSettings":null'),
        ('"reviewSettings":null', '"questions":[],"reviewSettings":null'),
        ('"id":"1",', '"id":"2",'),
        ('"id":"x"', '"id":"z"'),
        (',"n":2', ""),
        ("\\u00e9", "é"),
    ],
)
def test_what_an_update_need_not_keep_is_no_difference(old: str, new: str) -> None:
    assert old in BEFORE
    assert differences(BEFORE, BEFORE.replace(old, new), CREATED) == []


def test_what_is_at_the_stage_is_compared_by_no_stage_and_shown_alone() -> None:
    after = BEFORE.replace('"id":"x"', '"id":"z"')
    at = "/customExtensionStageSettings/0/customExtension/id"
    assert differences(BEFORE, after, None) == [f'{at}: "x" became "z"']
    assert called_at(after, CREATED) == [("#t", "z")]
    assert called_at(after, "assignmentRequestRemoved") == []


def test_another_order_of_the_other_settings_is_a_difference() -> None:
    after = parsed(BEFORE)
    after["customExtensionStageSettings"].reverse()
    assert differences(BEFORE, written(after), CREATED) == []
    assert len(differences(BEFORE, written(after), None)) == 4


@needs_metadata
@settings(max_examples=examples(40))
@given(policies(), st.sampled_from(list(TYPES)), st.sampled_from(STYLES))
def test_another_way_of_writing_it_is_no_difference(policy: Policy, stage: str, style: Any) -> None:
    assert differences(policy.text, written(policy.tree, style), stage) == []


@needs_metadata
@settings(max_examples=examples(80))
@given(policies(), st.sampled_from(list(TYPES)), st.data())
def test_any_change_outside_of_the_stage_is_a_difference(
    policy: Policy, stage: str, data: st.DataObject
) -> None:
    kept = outside(policy.text, stage)
    for reduced in ("accessPackage", "customExtensionStageSettings"):
        del kept[reduced]
    before = written(kept)
    holder = data.draw(st.sampled_from([held for held in objects_in(kept) if held]))
    name = data.draw(st.sampled_from(list(holder)))
    data.draw(st.sampled_from([_lose, _rewrite, _move]))(holder, name)
    assume(written(kept) != before)
    assert differences(before, written(kept), stage) != []


def _lose(holder: dict[str, Any], name: str) -> None:
    del holder[name]


def _move(holder: dict[str, Any], name: str) -> None:
    """Behind the other members."""
    holder[name] = holder.pop(name)


def _rewrite(holder: dict[str, Any], name: str) -> None:
    """A number of the same value in other digits."""
    value = holder[name]
    if isinstance(value, Number):
        digits = value.digits.swapcase()
        holder[name] = Number(digits if digits != value.digits else f"{digits}e0")
