"""The apply workflow, whole: what was merged is planned again, compared with what was reviewed, and
carried out.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import extension
from runner import ROOT, WORKFLOWS, Run, load, obeyed_commands
from tiers import sample
from world import FORK, MERGED, World

from reconciler.files import write_new
from reconciler.starter import starter_files


def results(run: Run) -> dict[str, str]:
    return {name: job.result for name, job in run.jobs.items()}


def verdict(run: Run) -> str:
    return run.jobs["replan"].outputs["verdict"]


def digest(run: Run) -> str:
    return run.jobs["replan"].outputs["plan-digest"]


def names(world: World) -> list[str]:
    return sorted(one["displayName"] for one in world.extensions())


APPLIED = {"replan": "success", "apply": "success"}
STOPPED = {"replan": "failure", "apply": "skipped"}


@pytest.fixture
def reviewed(played: World) -> World:
    """A pull request was planned and merged; the action is played from here on."""
    played.run_plan()
    played.merge()
    return played


def test_the_reviewed_plan_is_applied_once(world: World) -> None:
    world.declare(extension("new"))
    world.run_plan()
    world.merge()
    run = world.run_apply()
    assert results(run) == APPLIED, run.jobs["replan"].log
    assert names(world) == ["new"]
    assert "### Apply: 1 created" in run.jobs["apply"].summary
    told = run.jobs["apply"].step("Apply").outputs
    assert (told["exit-code"], told["failure-reason"]) == ("0", "")
    assert Path(told["summary-md"]).is_file()
    (journal,) = world.runner.artifacts["reconciler-journal-1"].values()
    assert json.loads(journal.splitlines()[0])["event"] == "begin"

    again = world.run_apply()
    assert verdict(again) == "no-changes"
    assert results(again) == {"replan": "success", "apply": "skipped"}


@pytest.mark.thorough
def test_the_workflows_that_init_writes_find_each_other(played: World, tmp_path: Path) -> None:
    write_new(tmp_path / "new", starter_files(f"contoso/entra-reconciler@{'0' * 40}"))
    played.runner.workflows = tmp_path / "new/.github/workflows"
    assert played.run_plan().conclusion == "success"
    played.merge()
    assert results(played.run_apply()) == APPLIED


class TestTheReviewedPlan:
    @pytest.mark.thorough
    def test_it_is_handed_on_by_its_digest(self, reviewed: World) -> None:
        given: list[str] = []
        played = reviewed.runner.action
        assert played is not None
        reviewed.runner.action = lambda inputs, folder: (
            given.append(inputs.get("expect-digest", "")) or played(inputs, folder)  # type: ignore[func-returns-value]
        )
        assert results(reviewed.run_apply()) == APPLIED
        assert given == ["", f"sha256:{'1' * 64}"]

    def test_it_is_that_of_the_newest_run(self, reviewed: World) -> None:
        reviewed.play(digest="2" * 64)
        assert verdict(reviewed.run_apply()) == "plan-changed"
        reviewed.run_plan()
        assert results(reviewed.run_apply()) == APPLIED

    @pytest.mark.thorough
    def test_a_run_that_was_repeated_counts_by_its_last_start(self, reviewed: World) -> None:
        reviewed.play(digest="2" * 64)
        reviewed.run_plan()
        reviewed.play()
        assert verdict(reviewed.run_apply()) == "plan-changed"
        reviewed.hub.runs[0]["run_started_at"] = "2026-01-02T00:00:00Z"
        assert results(reviewed.run_apply()) == APPLIED

    @pytest.mark.thorough
    def test_of_several_artifacts_of_a_run_the_last_one_counts(self, reviewed: World) -> None:
        kept = reviewed.hub.artifacts[reviewed.hub.runs[0]["id"]]
        kept.append({"id": 1, "name": f"reconciler-plan-{'0' * 64}", "expired": False})
        kept.append({"id": 99_999, "name": "something else", "expired": False})
        kept.append({"id": 99_998, "name": f"reconciler-plan-{'0' * 65}", "expired": False})
        assert results(reviewed.run_apply()) == APPLIED
        kept.append({"id": 100_000, "name": f"reconciler-plan-{'0' * 64}", "expired": False})
        assert verdict(reviewed.run_apply()) == "plan-changed"

    @pytest.mark.thorough
    def test_it_is_found_among_many(self, reviewed: World) -> None:
        """Everything is listed in pages of two here."""
        ours, run = reviewed.hub.pulls[MERGED][0], reviewed.hub.runs[0]
        reviewed.hub.pulls[MERGED][:0] = [{**ours, "merged_at": None} for _ in range(4)]
        reviewed.hub.runs[:0] = [{**run, "head_repository": FORK, "id": 1} for _ in range(4)]
        reviewed.hub.artifacts[run["id"]][:0] = [
            {"id": 1, "name": "x", "expired": False} for _ in range(4)
        ]
        assert results(reviewed.run_apply()) == APPLIED


class TestWhatIsNotTheReviewedPlan:
    @pytest.mark.thorough
    def test_a_live_change_since_the_review_stops_it(self, world: World) -> None:
        world.live(extension("old", description="before"))
        world.declare(extension("old", description="after"))
        world.run_plan()
        world.merge()
        world.live(extension("old", description="edited by hand"))
        run = world.run_apply()
        assert results(run) == STOPPED and verdict(run) == "plan-changed"
        assert [one["description"] for one in world.extensions()] == ["edited by hand"]
        (error,) = [
            one for one in obeyed_commands(run.jobs["replan"].log) if one.startswith("::error")
        ]
        assert (
            error.startswith("::error title=plan-changed::")
            and f"approved-digest {digest(run)}" in error
        )
        assert (
            "edited by hand" in run.jobs["replan"].summary
            and "### Not applied: plan-changed" in run.jobs["replan"].summary
        )

    @pytest.mark.thorough
    def test_a_live_change_while_the_reviewers_wait_stops_it(self, world: World) -> None:
        def edit(step: str) -> None:
            if step == "Apply":
                world.live(extension("new", description="made by hand meanwhile"))

        world.declare(extension("new", description="declared"))
        world.run_plan()
        world.merge()
        world.runner.before_step = edit
        run = world.run_apply()
        assert results(run) == {"replan": "success", "apply": "failure"}
        assert run.jobs["apply"].step("Apply").outputs["failure-reason"] == "plan-changed"
        assert [one["description"] for one in world.extensions()] == ["made by hand meanwhile"]

    @pytest.mark.parametrize(
        "of_the_run",
        sample(
            [
                {"head_repository": FORK},
                {"head_repository": None},
                {"event": "workflow_dispatch"},
                {"conclusion": "failure"},
                {"head_sha": "d" * 40},
                {"path": ".github/workflows/other.yml"},
            ],
            lambda case: case == {"head_repository": FORK},
        ),
    )
    def test_another_run_is_no_review(self, reviewed: World, of_the_run: dict[str, object]) -> None:
        reviewed.hub.runs[0].update(of_the_run)
        run = reviewed.run_apply()
        assert results(run) == STOPPED and verdict(run) == "no-reviewed-plan"

    @pytest.mark.parametrize(
        "of_the_pull",
        sample(
            [
                {"merged_at": None},
                {"base": {"ref": "release"}},
                {"merge_commit_sha": "d" * 40},
                {"head": {"sha": "d" * 40}},
            ],
            lambda case: "merged_at" in case,
        ),
    )
    def test_another_pull_request_is_no_review(
        self, played: World, of_the_pull: dict[str, object]
    ) -> None:
        played.run_plan()
        played.merge(**of_the_pull)
        run = played.run_apply()
        assert results(run) == STOPPED and verdict(run) == "no-reviewed-plan"

    def test_a_direct_push_was_not_reviewed(self, played: World) -> None:
        run = played.run_apply()
        assert results(run) == STOPPED and verdict(run) == "no-reviewed-plan"
        assert "did not come from a merged pull request" in run.jobs["replan"].summary

    def test_a_plan_that_is_not_kept_any_more_does_not_count(self, reviewed: World) -> None:
        for artifact in reviewed.hub.artifacts[reviewed.hub.runs[0]["id"]]:
            artifact["expired"] = True
        assert verdict(reviewed.run_apply()) == "no-reviewed-plan"

    @pytest.mark.parametrize(
        "reason", sample(["blocked", "error", "invalid-files"], "blocked".__eq__)
    )
    def test_a_failing_plan_stops_it(self, reviewed: World, reason: str) -> None:
        reviewed.play(reason=reason)
        run = reviewed.run_apply()
        assert results(run) == STOPPED and verdict(run) == ""

    @pytest.mark.parametrize(
        "path", sample(["pulls", "/workflows/", "artifacts"], "artifacts".__eq__)
    )
    @pytest.mark.thorough
    def test_github_not_answering_is_no_review(self, reviewed: World, path: str) -> None:
        reviewed.hub.refuse("GET", path, 502)
        run = reviewed.run_apply()
        assert results(run) == STOPPED and verdict(run) == ""
        assert (
            "::error title=reconciler apply::Could not find the reviewed plan, because a request to"
            " GitHub failed" in run.jobs["replan"].log
        )

    @pytest.mark.thorough
    def test_another_branch_is_not_applied(self, reviewed: World) -> None:
        assert results(reviewed.run_apply(ref_name="feature")) == {
            "replan": "skipped",
            "apply": "skipped",
        }


class TestByHand:
    @pytest.mark.thorough
    def test_the_approved_digest_takes_the_place_of_the_review(self, world: World) -> None:
        world.declare(extension("new"))
        fresh = digest(world.run_apply())
        run = world.run_apply(approved_digest=fresh)
        assert results(run) == APPLIED and names(world) == ["new"]

    @pytest.mark.thorough
    def test_another_digest_is_refused_again(self, reviewed: World) -> None:
        run = reviewed.run_apply(approved_digest=f"sha256:{'0' * 64}")
        assert results(run) == STOPPED and verdict(run) == "plan-changed"

    @pytest.mark.parametrize(
        "text",
        sample(
            [
                "0" * 64,
                "sha256:x",
                f"sha256:{'0' * 64}\nx",
                "$(touch pwned)",
                "*",
                f"sha256:{'A' * 64}",
            ],
            "$(touch pwned)".__eq__,
        ),
    )
    def test_what_is_no_digest_is_refused(self, reviewed: World, text: str, tmp_path: Path) -> None:
        run = reviewed.run_apply(approved_digest=text)
        assert results(run) == STOPPED and verdict(run) == ""
        assert "approved-digest is not sha256: and 64 hexadecimal digits" in run.jobs["replan"].log
        assert not list(tmp_path.rglob("pwned"))


def test_what_starts_it_is_documented() -> None:
    page = (ROOT / "docs/github.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `reconciler apply` |")]
    paths = load(WORKFLOWS / "reconciler-apply.yml")["on"]["push"]["paths"]
    assert [path for path in paths if f"`{path.removesuffix('**')}`" not in row] == []
