"""What stands in for GitHub is a guard of its own: it must refuse what GitHub would refuse, and
know what it plays.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from expressions import condition, evaluated
from runner import WORKFLOWS, block_of, obeyed_commands, run_block
from world import World


@pytest.mark.parametrize(
    ("workflow", "permission", "job"),
    [
        ("reconciler-plan.yml", "pull-requests: write", "comment"),
        ("reconciler-apply.yml", "actions: read", "replan"),
        ("reconciler-apply.yml", "pull-requests: read", "replan"),
        ("reconciler-drift.yml", "issues: write", "issue"),
    ],
)
@pytest.mark.thorough
def test_a_job_needs_the_permissions_it_has(
    played: World, tmp_path: Path, workflow: str, permission: str, job: str
) -> None:
    folder = tmp_path / "workflows"
    shutil.copytree(WORKFLOWS, folder)
    text = (folder / workflow).read_text("utf-8")
    assert f"      {permission} #" in text
    played.runner.workflows = folder
    played.run_plan()
    played.merge()
    (folder / workflow).write_text(text.replace(f"      {permission} #", "      contents: read #"))
    run = {"plan": played.run_plan, "apply": played.run_apply, "drift": played.run_drift}
    ended = run[workflow.removeprefix("reconciler-").removesuffix(".yml")]()
    assert ended.jobs[job].result == "failure"
    assert "Resource not accessible by integration (HTTP 403)" in ended.jobs[job].log


@pytest.mark.parametrize(
    "call",
    [
        "gh issue list",
        "gh api --hostname other repos/contoso/entra/issues",
        "gh api --paginate --method POST repos/contoso/entra/issues",
        "gh api one two",
        "gh api",
    ],
)
def test_the_client_guesses_nothing(played: World, call: str) -> None:
    folder = played.runner.folder / "machine"
    machine = {**played.runner.machine(folder, {}), "GH_TOKEN": "x"}
    ended = run_block(
        block_of({"name": "call", "shell": "bash", "run": call}, machine, folder / "work")
    )
    assert ended.conclusion == "failure"
    assert "gh stub: unknown call" in ended.log


@pytest.mark.parametrize(
    ("text", "after_success", "after_failure"),
    [
        ("steps.a.outputs.b == 'x'", True, False),
        ("steps.a.outputs.b == 'X'", True, False),
        ("steps.a.outputs.b == 'y' && 'y' == 'y'", False, False),
        ("steps.a.outputs.none == ''", True, False),
        ("steps.none.outputs.b != ''", False, False),
        ("(steps.a.outputs.b == 'y') || !steps.none", True, False),
        ("${{ !cancelled() && steps.a.outputs.b != '' }}", True, True),
        ("always()", True, True),
        ("success() || steps.a", True, True),
        ("failure()", False, True),
    ],
)
def test_a_condition_asks_for_success_unless_it_names_a_status(
    text: str, after_success: bool, after_failure: bool
) -> None:
    for failed, holds in ((False, after_success), (True, after_failure)):
        status = {"always": True, "cancelled": False, "failure": failed, "success": not failed}
        assert condition(text, {"steps": {"a": {"outputs": {"b": "x"}}}, "status": status}) is holds


@pytest.mark.parametrize(
    "text", ["github.x + 1", "a ==", "contains(github.x, 'y')", "fromJSON('1')"]
)
def test_an_expression_that_is_not_known_is_an_error(text: str) -> None:
    with pytest.raises((SyntaxError, AssertionError, KeyError, IndexError)):
        evaluated(text, {"github": {}, "status": {}})


def test_commands_between_stop_and_go_are_not_obeyed() -> None:
    log = (
        "::notice::a\n::stop-commands::x1\n::error::b\n##[error]c\n\n::x1::\n  ::error::d\ntext"
        " ##[group]e"
    )
    assert obeyed_commands(log) == ["::notice::a", "::error::d", "text ##[group]e"]
    with pytest.raises(AssertionError):
        obeyed_commands("::stop-commands::x1\n::x2::")
