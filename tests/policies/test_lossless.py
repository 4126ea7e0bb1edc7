"""A change of stages loses nothing else of a policy, and one that could lose something is not
written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiers import examples, sample

from tests.policies.compare import called_at, differences
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
from tests.policies.metadata import needs_files, needs_metadata
from tests.policies.product_runs import Round, rounds, without
from tests.policies.raw_store import NEW_EXTENSIONS
from tests.policies.refused import REFUSED, reasons

CODES = {
    "unknown_value": "unknown_enum_value",
    "dynamic_stage": "dynamic_approval_stage",
    "unknown_stage": "unknown_stage",
    "without_extension": "stage_without_extension",
    "several_at_stage": "several_at_stage",
}
"""The reason code of the plan for each reason not to write a policy."""
WRITTEN = [file for file in policy_files() if not reasons(policy_in(file))]
STAGES = list(TYPES)


def new(stage: str) -> str:
    """The name of an extension that the stage can call, and that no policy calls at first."""
    return NEW_EXTENSIONS[TYPES[stage]][1]


def called(stage: str) -> list[tuple[str, str]]:
    """What the stage calls once it is bound to that extension."""
    return [(f"#{TYPES[stage]}", NEW_EXTENSIONS[TYPES[stage]][0])]


def assert_kept(policy: Policy, done: Round, stages: dict[str, Any]) -> None:
    """Written once, and neither the body nor the policy differs outside of these stages."""
    assert done.statuses == ["done"], done.outcomes
    (body,) = done.puts
    assert_is_an_update(body)
    before = without(policy.text, stages)
    assert differences(before, without(body, stages), None) == []
    assert differences(before, without(done.after, stages), None) == []


def assert_is_an_update(body: bytes) -> None:
    """The body has what the page requires, and nothing that only an answer has."""
    sent = parsed(body)
    names = [name for holder in objects_in(sent) for name in holder]
    assert [name for name in names if name.endswith("@odata.context")] == []
    assert "@microsoft.graph.tips" not in names
    assert sent.keys().isdisjoint(("id", "createdDateTime", "modifiedDateTime", "catalog"))
    assert sent.keys() >= {"reviewSettings", "automaticRequestSettings"}
    assert isinstance(sent["questions"], list)
    assert sent["accessPackage"].keys() == {"id"}
    for setting in sent[SETTINGS]:
        assert "id" not in setting
        assert setting["customExtension"].keys() == {"@odata.type", "id"}


def bind_and_unbind(folder: Path, policy: Policy, *stages: str) -> None:
    """Binds another extension to the stages, then none; all else stays equal."""
    bound, unbound = rounds(
        folder, policy, {each: new(each) for each in stages}, dict.fromkeys(stages)
    )
    for done in (bound, unbound):
        assert_kept(policy, done, dict.fromkeys(stages))
    for stage in stages:
        for text in (bound.after, *bound.puts):
            assert called_at(text, stage) == called(stage)
        for text in (unbound.after, *unbound.puts):
            assert called_at(text, stage) == []


@needs_metadata
@pytest.mark.parametrize("stage", STAGES)
@settings(max_examples=examples(40))
@given(policies())
def test_binding_and_unbinding_a_stage_keeps_all_else(
    stage: str, tmp_path: Path, policy: Policy
) -> None:
    bind_and_unbind(tmp_path, policy, stage)


@needs_metadata
@settings(max_examples=examples(60))
@given(policies(), st.sets(st.sampled_from(STAGES), min_size=2))
def test_binding_several_stages_at_once_keeps_all_else(
    tmp_path: Path, policy: Policy, stages: set[str]
) -> None:
    bind_and_unbind(tmp_path, policy, *sorted(stages))


@needs_files
@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.name[:2])
@pytest.mark.parametrize("stage", sample(STAGES, lambda stage: stage in STAGES[::4]))
def test_a_change_keeps_all_else_of_an_example(stage: str, file: Path, tmp_path: Path) -> None:
    bind_and_unbind(tmp_path, policy_in(file), stage)


@needs_metadata
@pytest.mark.parametrize("why", list(REFUSED))
@settings(max_examples=examples(60))
@given(st.data())
def test_what_a_write_could_lose_is_not_written(why: str, tmp_path: Path, data: Any) -> None:
    policy = data.draw(REFUSED[why])
    stages = [stage for stage in STAGES if len(policy.called.get(stage, ())) > 1]
    stage = data.draw(st.sampled_from(stages or STAGES))
    (done,) = rounds(tmp_path, policy, {stage: new(stage)})
    (change,) = done.plan.changes
    assert change.action == "blocked"
    assert change.reason.code in {CODES[each] for each in reasons(policy)}
    assert reasons(policy) != {why} or change.reason.code == CODES[why]
    assert (done.puts, done.after) == ([], policy.text)
