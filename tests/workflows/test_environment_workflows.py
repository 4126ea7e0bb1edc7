"""The workflows that init writes for several environments: they share nothing they must not, and
each finds its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from github_api import BOT
from harness import extension
from runner import Json, Run, load
from world import PULL_REQUEST, World

from reconciler.files import write_new
from reconciler.starter import starter_files

ACTION = f"contoso/entra-reconciler@{'0' * 40}"
STAGING, PRODUCTION = "staging", "production"
HOSTILE = (
    STAGING,
    "gate-staging",
    "staging-1",
    "apply",
    "plan-staging",
    "plan-gate",
    "reconciler-plan",
    "1",
)
"""Names that come close to each other, and to what stands around them."""
OWN = re.compile(r"reconciler[ -](?:plan|apply|drift|tenant|journal)|plan-gate")
SUFFIX = re.compile(r"[\w-]*? \(staging\)|-staging(?![\w])")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, list[Path]]:
    """The written workflows by environment."""
    write_new(tmp_path / "new", starter_files(ACTION, HOSTILE))
    folder = tmp_path / "new/.github/workflows"
    return {
        one: [folder / f"reconciler-{kind}-{one}.yml" for kind in ("plan", "apply", "drift")]
        for one in HOSTILE
    }


def names(file: Path) -> Iterator[tuple[str, str]]:
    """Everything by which GitHub tells one thing of a workflow from another, with the sort of thing
    it is.
    """
    document = load(file)
    yield "workflow file", file.name
    yield "workflow title", document["name"]
    yield "concurrency group", re.sub(r"\$\{\{.*?\}\}", "1", document["concurrency"]["group"])
    for job in document["jobs"].values():
        yield "check", job["name"]
        if "environment" in job:
            yield "GitHub environment", job["environment"]["name"]
        for step in job["steps"]:
            if "artifact" in step.get("uses", ""):
                yield "artifact", step["with"]["name"]
            yield from (
                ("artifact", one)
                for one in re.findall(r"(?<=name=)reconciler-[a-z]\S*", step.get("run", ""))
            )
            yield from (
                ("workflow file", one) for one in re.findall(r"\S+\.yml", str(step.get("env", "")))
            )


def all_names(files: list[Path]) -> set[tuple[str, str]]:
    """Those of an environment as GitHub compares them; a name that is an expression is given by an
    earlier step.
    """
    return {
        (sort, name.casefold())
        for file in files
        for sort, name in names(file)
        if not name.startswith("${{")
    }


def test_no_name_is_shared_between_environments(files: dict[str, list[Path]]) -> None:
    found = {one: all_names(files[one]) for one in files}
    assert {sort for sort, _ in found[STAGING]} == {
        "workflow file", "workflow title", "concurrency group", "check",
        "GitHub environment", "artifact",
    }  # fmt: skip
    for one, other in combinations(found, 2):
        assert found[one] & found[other] == set()


def test_a_name_is_that_of_one_tenant_with_the_environment_behind_it(
    files: dict[str, list[Path]],
) -> None:
    for one, written in files.items():
        for name in (
            name for file in written for sort, name in names(file) if sort == "GitHub environment"
        ):
            assert name in (f"reconciler-plan-{one}", f"reconciler-apply-{one}")
        assert {f"plan-gate-{one}", f"plan ({one})", f"apply ({one})"} <= {
            name for _, name in all_names(written)
        }


def test_no_check_is_that_of_validate(files: dict[str, list[Path]], tmp_path: Path) -> None:
    validate = set(names(tmp_path / "new/.github/workflows/reconciler-validate.yml"))
    assert not {name for _, name in validate} & {
        name for one in files for _, name in all_names(files[one])
    }


def test_every_mention_of_a_name_is_that_of_the_environment(files: dict[str, list[Path]]) -> None:
    for file in files[STAGING]:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            for one in OWN.finditer(line):
                own = SUFFIX.match(line, one.end()) or line.strip() == "LABEL: reconciler-drift"
                assert own, f"{file.name}:{number}: {line}"


def test_every_call_of_the_action_says_the_environment(files: dict[str, list[Path]]) -> None:
    for one, written in files.items():
        for file in written:
            calls = [
                step["with"]["environment"]
                for job in load(file)["jobs"].values()
                for step in job["steps"]
                if step.get("uses", "").startswith(ACTION)
            ]
            assert calls and set(calls) == {one}


def test_a_message_names_jobs_that_are_there(files: dict[str, list[Path]]) -> None:
    told = re.findall(r"see the job (.+?)\.", files[STAGING][0].read_text("utf-8"))
    assert told and set(told) <= {job["name"] for job in load(files[STAGING][0])["jobs"].values()}


@pytest.fixture
def both(played: World, tmp_path: Path) -> World:
    """A repository with the written workflows and `reconciler.yaml`, and our action played."""
    write_new(tmp_path / "new", starter_files(ACTION, (STAGING, PRODUCTION)))
    played.runner.workflows = tmp_path / "new/.github/workflows"
    for folder in (played.runner.checkout, played.runner.base):
        assert folder is not None
        (folder / "reconciler.yaml").write_bytes((tmp_path / "new/reconciler.yaml").read_bytes())
    return played


@pytest.fixture
def real(both: World, graph: tuple[Path, str]) -> World:
    """The same with the real action and a tenant; only the environments of staging lead to it."""
    both.runner.action = None
    both.tenant = graph[0]
    target = {"RECONCILER_GRAPH_URL": graph[1]}
    read_only = {"RECONCILER_LOOPBACK_TOKEN": "loopback-read-only-token-not-secret"}
    both.runner.environments = {
        "reconciler-plan-staging": target | read_only,
        "reconciler-apply-staging": target,
        "reconciler-plan-production": target | read_only,
    }
    both.live()
    return both


def planned(world: World, environment: str, digest: str) -> Run:
    world.environment = environment
    world.play(digest=digest * 64)
    return world.run_plan()


def applied(world: World, environment: str, digest: str) -> Run:
    world.environment = environment
    world.play(digest=digest * 64)
    return world.run_apply()


def open_issues(world: World) -> dict[str, Json]:
    """Ours by title."""
    return {
        one["title"]: one
        for one in world.hub.issues
        if one["state"] == "open" and one["user"]["login"] == BOT
    }


class TestFromReviewToTenant:
    @pytest.mark.thorough
    def test_the_reviewed_plan_of_staging_is_applied_to_staging(self, real: World) -> None:
        real.declare(extension("new"))
        real.environment = STAGING
        ours = real.run_plan()
        assert ours.conclusion == "success", ours.jobs["plan"].log
        real.environment = PRODUCTION
        theirs = real.run_plan()
        digests = {one.jobs["plan"].outputs["plan-digest"] for one in (ours, theirs)}
        assert len(digests) == 2
        real.merge()
        real.environment = STAGING
        run = real.run_apply()
        assert run.jobs["replan"].outputs["plan-digest"] == ours.jobs["plan"].outputs["plan-digest"]
        assert run.jobs["apply"].result == "success", run.jobs["replan"].log
        assert [one["displayName"] for one in real.extensions()] == ["new"]
        assert list(real.runner.artifacts) == ["reconciler-journal-staging-1"]

    @pytest.mark.thorough
    def test_each_finds_its_own_review(self, both: World) -> None:
        planned(both, STAGING, "1")
        planned(both, PRODUCTION, "2")
        both.merge()
        assert applied(both, STAGING, "1").jobs["apply"].result == "success"
        assert applied(both, PRODUCTION, "2").jobs["apply"].result == "success"

    @pytest.mark.thorough
    def test_the_review_of_another_is_none_even_with_the_same_digest(self, both: World) -> None:
        planned(both, PRODUCTION, "1")
        both.merge()
        run = applied(both, STAGING, "1")
        assert run.jobs["replan"].outputs["verdict"] == "no-reviewed-plan"
        assert run.jobs["apply"].result == "skipped"

    @pytest.mark.thorough
    def test_an_artifact_of_another_is_none_even_in_the_right_run(self, both: World) -> None:
        run = planned(both, STAGING, "1")
        both.merge()
        for one in both.hub.artifacts[run.number]:
            one["name"] = one["name"].replace(STAGING, PRODUCTION)
        assert applied(both, STAGING, "1").jobs["replan"].outputs["verdict"] == "no-reviewed-plan"

    @pytest.mark.thorough
    def test_whoever_is_stopped_is_told_the_workflow_to_start(self, both: World) -> None:
        run = applied(both, PRODUCTION, "1")
        title = load(both.runner.workflows / both.workflow("apply"))["name"]
        assert title == "reconciler apply (production)"
        assert f'start the workflow "{title}" by hand' in run.jobs["replan"].summary

    @pytest.mark.thorough
    def test_each_has_a_comment_of_its_own(self, both: World) -> None:
        for digest in "13":
            planned(both, STAGING, digest)
            planned(both, PRODUCTION, "2")
        bodies = [one["body"] for one in both.hub.comments[PULL_REQUEST]]
        assert [body.splitlines()[0] for body in bodies] == [
            "<!-- reconciler:plan:staging -->",
            "<!-- reconciler:plan:production -->",
        ]
        assert "Played: 333" in bodies[0] and "Played: 222" in bodies[1]


@pytest.mark.thorough
class TestDrift:
    def test_each_keeps_an_issue_of_its_own(self, both: World) -> None:
        both.environment = STAGING
        both.run_drift()
        both.environment = PRODUCTION
        both.run_drift()
        issues = open_issues(both)
        assert list(issues) == [
            f"Drift in {one}: what is live differs from what is declared"
            for one in (STAGING, PRODUCTION)
        ]
        assert both.hub.labels == ["reconciler-drift"]

        both.play(changes=False)
        assert both.run_drift().conclusion == "success"
        assert list(open_issues(both)) == [
            f"Drift in {STAGING}: what is live differs from what is declared"
        ]

    def test_a_name_that_begins_like_another_is_another(self, both: World) -> None:
        both.hub.labels.append("reconciler-drift")
        both.hub.issue("<!-- reconciler:drift:staging-2 -->", title="of staging-2")
        both.hub.issue("<!-- reconciler:drift -->", title="of one tenant")
        both.environment = STAGING
        both.play(changes=False)
        both.run_drift()
        assert both.hub.writes() == []

    def test_the_real_one_looks_at_its_environment(self, real: World) -> None:
        real.declare(extension("one"))
        real.environment = STAGING
        run = real.run_drift()
        assert run.conclusion == "success", run.jobs["detect"].log
        (issue,) = open_issues(real).values()
        assert issue["body"].startswith(
            "<!-- reconciler:drift:staging -->\n\n### Drift for staging: 1 missing, "
        )
