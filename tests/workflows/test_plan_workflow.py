"""The plan workflow, whole: every job and block, from the pull request to its comment
and its gate.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from github_api import BOT, COMMENT_LIMIT
from harness import ASSIGNMENT, Json, extension
from runner import WORKFLOWS, Run, obeyed_commands
from tiers import sample
from world import FORK, HEAD, OURS, PULL_REQUEST, World

MARKER = "<!-- reconciler:plan -->"
GREEN = {"plan": "success", "comment": "success", "plan-gate": "success"}


def results(run: Run) -> dict[str, str]:
    return {name: job.result for name, job in run.jobs.items()}


def bodies(world: World) -> list[str]:
    return [comment["body"] for comment in world.hub.comments.get(PULL_REQUEST, [])]


def outputs(run: Run) -> dict[str, str]:
    """What the action gave the plan job."""
    return run.jobs["plan"].step("Plan").outputs


def document(run: Run) -> Json:
    """The plan that the action saved."""
    plan: Json = json.loads(Path(outputs(run)["plan-json"]).read_text("utf-8"))
    return plan


def absent(*names: str) -> list[Json]:
    return [{"displayName": name, "ensure": "absent"} for name in names]


class TestDeletions:
    def test_they_come_first_in_the_comment_in_the_open(self, world: World) -> None:
        world.live(extension("kept"), extension("doomed"), extension("changed"))
        replaced = extension("changed", ASSIGNMENT)
        world.declare(extension("kept", description="new"), *absent("doomed"), replaced)
        run = world.run_plan()
        assert results(run) == GREEN
        (body,) = bodies(world)
        assert body.startswith(f"{MARKER}\n\n### Plan: 1 delete, 1 replace, 1 update")
        opened = body.index("<details open>")
        deleted, updated = body.index("- delete doomed"), body.index("~ update kept")
        assert opened < deleted < body.index("<details><summary>") < updated
        told = outputs(run)
        assert (told["to-create"], told["to-delete"], told["to-replace"]) == ("0", "1", "1")

    @pytest.mark.thorough
    def test_the_reviewers_of_the_environment_see_them(self, world: World) -> None:
        """Before they approve, they read the summary of the job that planned again."""
        world.live(extension("doomed"))
        world.declare(*absent("doomed"))
        world.run_plan()
        world.merge()
        run = world.run_apply()
        assert "### Plan: 1 delete" in run.jobs["replan"].summary
        assert "- delete doomed" in run.jobs["replan"].summary
        assert run.conclusion == "success"
        assert world.extensions() == []

    def test_more_than_the_limit_are_shown_and_fail_the_gate(self, world: World) -> None:
        names = [f"extension {letter}" for letter in "abcdef"]
        world.live(*[extension(name) for name in names])
        world.declare(*absent(*names))
        run = world.run_plan()
        assert results(run) == {"plan": "failure", "comment": "success", "plan-gate": "failure"}
        assert (outputs(run)["failure-reason"], outputs(run)["blocked"]) == ("blocked", "0")
        assert "deletes or replaces 6 extensions" in run.jobs["plan"].log
        (body,) = bodies(world)
        assert "### Plan: 6 delete" in body
        assert "deletes more than is allowed" in run.jobs["plan-gate"].summary
        assert body.index("`R316`") < body.index("- delete extension a")

    @pytest.mark.thorough
    def test_a_variable_of_the_repository_raises_the_limit(self, world: World) -> None:
        """It is the limit of every workflow."""
        names = [f"extension {letter}" for letter in "abcdef"]
        world.live(*[extension(name) for name in names])
        world.declare(*absent(*names))
        world.runner.variables["RECONCILER_MAX_DELETES"] = "6"
        assert results(world.run_plan()) == GREEN
        world.merge()
        assert world.run_apply().conclusion == "success"
        assert world.extensions() == []


class TestChanges:
    def test_they_are_commented_and_pass_the_gate(self, world: World) -> None:
        world.live(extension("old", description="before"))
        world.declare(extension("new"), extension("old", description="after"))
        run = world.run_plan()
        assert results(run) == GREEN
        (body,) = bodies(world)
        assert body.startswith(f"{MARKER}\n\n### Plan: 1 create, 1 update")
        assert outputs(run)["plan-digest"] in body
        assert (
            f"Planned for commit {HEAD} in [this"
            " run](https://github.example/contoso/entra/actions/runs/" in body
        )
        assert "+ create new" in run.jobs["plan"].summary

    @pytest.mark.thorough
    def test_the_outputs_say_what_is_in_the_plan(self, world: World) -> None:
        world.live(extension("old", description="before"), extension("former name"))
        ids = {one["displayName"]: one["id"] for one in world.extensions()}
        renamed = extension("name", id=ids["former name"])
        world.declare(extension("new"), extension("old", description="after"), renamed)
        run = world.run_plan()
        told = dict(outputs(run))
        assert Path(told.pop("summary-md")).read_text("utf-8").startswith(MARKER)
        assert Path(told.pop("plan-json")).is_file()
        digest = document(run)["digest"]
        assert told == {
            "has-changes": "true",
            "exit-code": "2",
            "plan-digest": digest,
            "to-create": "1",
            "to-update": "2",
            "to-delete": "0",
            "to-replace": "0",
            "blocked": "0",
            "failure-reason": "",
            "journal": "",
        }
        hexadecimal = digest.removeprefix("sha256:")
        assert [one["name"] for one in world.hub.artifacts[run.number]] == [
            f"reconciler-plan-{hexadecimal}"
        ]

    @pytest.mark.thorough
    def test_the_next_plan_edits_the_same_comment(self, played: World) -> None:
        for body, login in (
            (MARKER, "mallory"),
            ("Thanks!", "alice"),
            (f"see {MARKER}", BOT),
            ("other bot", BOT),
        ):
            played.hub.comment(PULL_REQUEST, body, login)
        played.run_plan()
        played.play(digest="2" * 64)
        assert results(played.run_plan()) == GREEN
        *others, ours = bodies(played)
        assert others == [MARKER, "Thanks!", f"see {MARKER}", "other bot"]
        assert "Played: 222" in ours and "Played: 111" not in ours

    @pytest.mark.thorough
    def test_the_plan_of_an_older_commit_leaves_the_comment_alone(self, played: World) -> None:
        """As when somebody runs an earlier run again."""
        played.run_plan()
        before = bodies(played)
        played.hub.heads[PULL_REQUEST] = "d" * 40
        played.hub.requests.clear()
        played.play(digest="2" * 64)
        run = played.run_plan()
        assert results(run) == GREEN
        assert bodies(played) == before and played.hub.writes() == []
        (notice,) = obeyed_commands(run.jobs["comment"].log)
        assert (
            notice.startswith("::notice title=No comment::")
            and HEAD in notice
            and "d" * 40 in notice
        )

    @pytest.mark.thorough
    def test_each_environment_has_its_own_comment(self, played: World) -> None:
        played.hub.comment(PULL_REQUEST, "<!-- reconciler:plan:staging -->")
        played.run_plan()
        assert len(bodies(played)) == 2

    def test_what_the_base_branch_has_pending_is_told_apart(self, world: World) -> None:
        """As it was merged with, which is not what the event says: there the base branch is older,
        and empty.
        """
        world.declare_on_base(extension("left over"))
        world.declare(extension("left over"), extension("mine"))
        run = world.run_plan()
        changes = document(run)["changes"]
        assert {
            change["object"]["display_name"]: change["already_pending"] for change in changes
        } == {
            "left over": True,
            "mine": False,
        }

    @pytest.mark.thorough
    def test_without_the_history_it_does_not_go_on(self, played: World, tmp_path: Path) -> None:
        """An empty `ref` would be the merge result itself, and every change pending before."""
        file = tmp_path / "workflows/reconciler-plan.yml"
        file.parent.mkdir()
        text = (WORKFLOWS / file.name).read_text("utf-8")
        assert "fetch-depth: 2" in text
        file.write_text(text.replace("fetch-depth: 2", "fetch-depth: 1"))
        played.runner.workflows = file.parent
        run = played.run_plan()
        assert run.jobs["plan"].step("Find the commit of the base branch").conclusion == "failure"
        assert results(run)["plan-gate"] == "failure"

    @pytest.mark.thorough
    def test_a_base_branch_that_cannot_be_planned_is_a_warning(self, world: World) -> None:
        world.declare(extension("mine"))
        run = world.run_plan()
        assert results(run) == GREEN
        (warning,) = [
            one for one in obeyed_commands(run.jobs["plan"].log) if one.startswith("::warning")
        ]
        assert "Could not plan the base branch" in warning


class TestNoChanges:
    @pytest.mark.thorough
    def test_no_comment_is_begun(self, world: World) -> None:
        world.live(extension("same"))
        world.declare(extension("same"))
        run = world.run_plan()
        assert results(run) == GREEN
        assert outputs(run)["has-changes"] == "false" and outputs(run)["exit-code"] == "0"
        assert world.hub.writes() == []

    @pytest.mark.thorough
    def test_the_comment_of_an_earlier_plan_says_so(self, world: World) -> None:
        world.hub.comment(PULL_REQUEST, f"{MARKER}\n\ncreate new")
        world.declare()
        assert results(world.run_plan()) == GREEN
        (body,) = bodies(world)
        assert "No changes." in body and "create new" not in body


class TestWhatStopsThePullRequest:
    def test_blocked_changes_are_shown_and_fail(self, world: World) -> None:
        world.declare(extension("new"), name="Sales")
        run = world.run_plan()
        assert results(run) == {"plan": "failure", "comment": "success", "plan-gate": "failure"}
        assert outputs(run)["failure-reason"] == "blocked" and outputs(run)["exit-code"] == "4"
        assert outputs(run)["blocked"] == "1" and outputs(run)["has-changes"] == "true"
        assert "catalog Sales does not exist" in bodies(world)[0]
        assert "blocked changes; see the job plan" in run.jobs["plan-gate"].summary

    @pytest.mark.thorough
    def test_invalid_files_are_annotated_and_fail(self, world: World) -> None:
        world.declare({**extension("new"), "displayNam": "typo"})
        run = world.run_plan()
        assert results(run) == {"plan": "failure", "comment": "skipped", "plan-gate": "failure"}
        assert (
            outputs(run)["failure-reason"] == "invalid-files" and outputs(run)["exit-code"] == "3"
        )
        assert outputs(run)["has-changes"] == "" and outputs(run)["plan-json"] == ""
        errors = [one for one in obeyed_commands(run.jobs["plan"].log) if one.startswith("::error")]
        assert any(
            "file=desired_state/state.yaml,line=2" in one and "R101" in one for one in errors
        )
        assert "displayNam" in run.jobs["plan"].summary
        assert world.hub.writes() == []

    @pytest.mark.thorough
    def test_a_graph_that_does_not_answer_is_an_error(self, world: World) -> None:
        world.runner.environments["reconciler-plan"] = {
            "RECONCILER_GRAPH_URL": "http://127.0.0.1:1/v1.0",
            "RECONCILER_MAX_RETRIES": "0",
        }
        world.declare(extension("new"))
        run = world.run_plan()
        assert results(run)["plan-gate"] == "failure"
        assert (outputs(run)["failure-reason"], outputs(run)["exit-code"]) == ("error", "1")
        assert world.hub.requests == []

    @pytest.mark.parametrize(
        ("head", "author"),
        [(FORK, "mallory"), (OURS, "dependabot[bot]"), (FORK, "dependabot[bot]")],
    )
    def test_a_fork_gets_no_credentials_and_no_green_gate(
        self, played: World, head: dict[str, str], author: str
    ) -> None:
        run = played.run_plan(head, author)
        assert results(run) == {"plan": "skipped", "comment": "skipped", "plan-gate": "failure"}
        assert "push it to a branch of this repository" in run.jobs["plan-gate"].log
        assert played.hub.requests == []

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        sample(
            [
                ("GET", "pulls", 403),
                ("GET", "comments", 404),
                ("POST", "comments", 403),
                ("PATCH", "comments", 403),
                ("POST", "comments", 422),
            ],
            lambda case: case == ("POST", "comments", 403),
        ),
    )
    def test_a_refused_comment_fails_loudly(
        self, played: World, method: str, path: str, status: int
    ) -> None:
        if method == "PATCH":
            played.hub.comment(PULL_REQUEST, MARKER)
        played.hub.refuse(method, path, status)
        run = played.run_plan()
        assert results(run) == {"plan": "success", "comment": "failure", "plan-gate": "failure"}
        (error,) = obeyed_commands(run.jobs["comment"].log)
        assert (
            error.startswith("::error title=No comment::GitHub refused to ")
            and "pull-requests: write" in error
        )
        assert f"(HTTP {status})" in run.jobs["comment"].log
        assert "created, but not shown" in run.jobs["plan-gate"].summary


@pytest.mark.thorough
def test_a_plan_too_long_for_a_comment_is_cut_and_says_so(world: World) -> None:
    world.declare(
        *[
            extension(f"extension {number:03}", description=f"{number} " + "x" * 900)
            for number in range(120)
        ]
    )
    run = world.run_plan()
    assert results(run) == GREEN
    (body,) = bodies(world)
    assert 50_000 < len(body) <= COMMENT_LIMIT
    link = f"https://github.example/contoso/entra/actions/runs/{run.number}"
    assert re.search(rf"Truncated: .*changes? omitted.*\[Full plan\]\(<{link}>\)", body)
    assert "extension 119" not in body and "extension 119" in run.jobs["plan"].summary
    assert 65_536 < len(run.jobs["plan"].summary) < 2**20
    assert body.endswith(f"in [this run]({link}).\n")
