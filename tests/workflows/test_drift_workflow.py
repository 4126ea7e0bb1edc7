"""The drift workflow, whole: one issue is opened, updated and closed; an error touches nothing."""

from __future__ import annotations

import pytest
from github_api import BOT
from harness import Json, extension
from runner import Run, obeyed_commands
from tiers import sample
from world import World

MARKER = "<!-- reconciler:drift -->"


def results(run: Run) -> tuple[str, str]:
    return run.jobs["detect"].result, run.jobs["issue"].result


def issues(world: World) -> list[Json]:
    """Those that are open and ours."""
    return [
        one for one in world.hub.issues if one["state"] == "open" and one["user"]["login"] == BOT
    ]


def test_drift_opens_one_issue(world: World) -> None:
    world.live(extension("one", description="by hand"))
    world.declare(extension("one", description="declared"))
    run = world.run_drift()
    assert results(run) == ("success", "success"), run.jobs["issue"].log
    (issue,) = issues(world)
    assert issue["body"].startswith(f"{MARKER}\n\n### Drift: 0 missing, 1 changed, ")
    assert issue["body"].endswith(f"<!-- digest={run.jobs['detect'].outputs['plan-digest']} -->")
    assert [label["name"] for label in issue["labels"]] == ["reconciler-drift"]
    assert world.hub.labels == ["reconciler-drift"]


def test_the_same_drift_touches_nothing(played: World) -> None:
    played.run_drift()
    issues(played)[0]["body"] += "\r\n"
    played.hub.requests.clear()
    assert results(played.run_drift()) == ("success", "success")
    assert played.hub.writes() == []


@pytest.mark.thorough
def test_another_drift_edits_the_issue_and_says_so(played: World) -> None:
    played.run_drift()
    played.play(digest="2" * 64)
    assert results(played.run_drift()) == ("success", "success")
    (issue,) = issues(played)
    assert "Played: 222" in issue["body"] and "Played: 111" not in issue["body"]
    (comment,) = played.hub.comments[issue["number"]]
    assert comment["body"].startswith("The drift has changed.")


def test_no_drift_closes_the_issue(world: World) -> None:
    world.declare(extension("one"))
    world.run_drift()
    number = issues(world)[0]["number"]
    world.live(extension("one"))
    assert results(world.run_drift()) == ("success", "success")
    assert issues(world) == []
    assert [one["state_reason"] for one in world.hub.issues] == ["completed"]
    assert len(world.hub.comments[number]) == 1


@pytest.mark.thorough
def test_drift_after_a_closed_issue_opens_a_new_one(played: World) -> None:
    for changes in (True, False, True):
        played.play(changes=changes)
        played.run_drift()
    assert [one["state"] for one in played.hub.issues] == ["closed", "open"]


def test_no_drift_and_no_issue_touches_nothing(played: World) -> None:
    played.play(changes=False)
    assert results(played.run_drift()) == ("success", "success")
    assert played.hub.writes() == []


def test_what_only_looks_like_our_issue_is_left_alone(played: World) -> None:
    played.hub.labels.append("reconciler-drift")
    played.hub.issue(MARKER, login="mallory")
    played.hub.issue(None)
    played.hub.issue(f"see {MARKER}")
    played.hub.issue(MARKER, pull_request={"url": "…"})
    played.hub.issue(MARKER, labels=("other",))
    played.hub.issue("<!-- reconciler:drift:staging -->")
    before = [dict(one) for one in played.hub.issues]
    played.play(changes=False)
    played.run_drift()
    assert played.hub.writes() == []
    played.play()
    played.run_drift()
    assert played.hub.issues[:-1] == before
    assert played.hub.issues[-1]["title"] == "Drift: what is live differs from what is declared"


@pytest.mark.thorough
def test_of_two_issues_the_first_is_kept(played: World) -> None:
    played.hub.issue(MARKER, number=90)
    played.hub.issue(MARKER, number=9)
    played.run_drift()
    assert "Played" in played.hub.issues[1]["body"] and "Played" not in played.hub.issues[0]["body"]


@pytest.mark.thorough
def test_drift_that_blocks_a_change_opens_the_issue_and_stays_red(world: World) -> None:
    """As when somebody deletes what the files name by its id."""
    world.live(extension("one"))
    gone = {**extension("one"), "id": world.extensions()[0]["id"]}
    world.live()
    world.declare(gone)
    run = world.run_drift()
    assert results(run) == ("failure", "success"), run.jobs["detect"].log
    assert run.jobs["detect"].step("Detect drift").outputs["failure-reason"] == "blocked"
    (issue,) = issues(world)
    assert issue["body"].startswith(
        f"{MARKER}\n\n### Drift: 0 missing, 0 changed, 0 unmanaged, 1 blocked, "
    )
    assert results(world.run_drift()) == ("failure", "success")
    assert issues(world) == [issue]


@pytest.mark.thorough
def test_an_open_issue_is_updated_by_drift_that_blocks_a_change(played: World) -> None:
    played.run_drift()
    played.play(digest="2" * 64, reason="blocked")
    run = played.run_drift()
    assert (results(run), run.conclusion) == (("failure", "success"), "failure")
    (issue,) = issues(played)
    assert "Played: 222" in issue["body"] and len(played.hub.comments[issue["number"]]) == 1


@pytest.mark.parametrize(
    "reason", sample(["invalid-files", "error", "interrupted"], "error".__eq__)
)
@pytest.mark.parametrize("already_open", [True, False])
def test_an_error_neither_opens_nor_closes(played: World, reason: str, already_open: bool) -> None:
    if already_open:
        played.hub.issue(MARKER)
    played.play(reason=reason)
    run = played.run_drift()
    assert results(run) == ("failure", "skipped")
    assert run.jobs["detect"].step("Keep the result").conclusion == "skipped"
    assert played.hub.requests == []


@pytest.mark.thorough
def test_a_graph_that_does_not_answer_is_an_error(world: World) -> None:
    world.runner.environments["reconciler-plan"] = {
        "RECONCILER_GRAPH_URL": "http://127.0.0.1:1/v1.0",
        "RECONCILER_MAX_RETRIES": "0",
    }
    world.declare(extension("one"))
    run = world.run_drift()
    assert results(run) == ("failure", "skipped")
    assert run.jobs["detect"].step("Detect drift").outputs["failure-reason"] == "error"


@pytest.mark.parametrize(
    ("method", "path", "already_open"),
    [
        ("GET", "issues", False),
        ("POST", "labels", False),
        ("POST", "issues$", False),
        ("PATCH", r"issues/\d+$", True),
        ("POST", r"issues/\d+/comments", True),
    ],
)
def test_a_refusal_of_github_fails_loudly(
    played: World, method: str, path: str, already_open: bool
) -> None:
    if already_open:
        played.hub.issue(MARKER)
    played.hub.refuse(method, path, 410)
    run = played.run_drift()
    assert results(run) == ("success", "failure")
    (error,) = obeyed_commands(run.jobs["issue"].log)
    assert "GitHub refused to" in error and "issues must be enabled" in error
