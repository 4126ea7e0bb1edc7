"""The PUT of a policy is believed once its stages show, and only if nothing else has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import Json, Tenant, declare
from objects import explained

from reconciler.app.kinds import KINDS
from reconciler.apply.journal import ignored
from reconciler.apply.stale import refuse_if_stale
from reconciler.errors import StalePlanError
from reconciler.model.plan import Outcome
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    SETTINGS,
    Handler,
    Requests,
    calls,
    document,
    policy,
    run,
    stages,
)
from tests.sandbox.policies import setting

BOTH = {GRANTED: AUDIT, CREATED: NOTIFY}


class Journal:
    """The lines that a run records."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Json]] = []

    def record(self, event: str, /, **members: Any) -> None:
        """Remembers one line."""
        self.lines.append((event, members))

    def of(self, event: str) -> list[Json]:
        """The members of the lines with this event."""
        return [members for name, members in self.lines if name == event]


def bound(
    folder: Path, *switches: str, journal: Journal | None = None, **more: Any
) -> tuple[Outcome, dict[str, str]]:
    """The outcome of calling notify at one more stage, and what the policy calls then."""
    declare(folder / "desired", document(stages(**{CREATED: "notify"})))

    async def story(held: Tenant) -> tuple[Outcome, dict[str, str]]:
        plan = await held.plan_whole(folder / "desired")
        (outcome,) = await held.apply(plan, journal.record if journal else ignored)
        return outcome, calls(held)

    return run(folder, story, policy(), switches=switches, **more)


@pytest.mark.parametrize(
    "switches",
    [
        [],
        ["lag_reads=3"],
        ["views=2", "lag_reads=1"],
        ["setting_ids=renew"],
        ["setting_ids=keep"],
        ["combined_expand=first", "lag_reads=2"],
        ["extra_properties=true", "list_order=reverse"],
    ],
    ids=str,
)
def test_a_put_is_done_once_its_stages_show(switches: list[str], tmp_path: Path) -> None:
    requests, journal = Requests(), Journal()
    outcome, called = bound(tmp_path, *switches, journal=journal, faults=[requests.watch])
    assert (outcome.status, outcome.reason, called) == ("done", None, BOTH)
    assert len(requests.writes) == 1
    assert journal.of("altered") == []


def test_a_put_whose_stages_never_show_is_unknown(tmp_path: Path) -> None:
    outcome, called = bound(tmp_path, "lag_reads=1000")
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("unknown", "old_values_shown")
    assert called == BOTH


def test_a_put_that_alters_something_else_fails_and_keeps_what_was_before(tmp_path: Path) -> None:
    journal = Journal()
    outcome, called = bound(tmp_path, "policy_put_alters=true", journal=journal)
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("failed", "altered_by_write")
    path = "requestorSettings/enableTargetsToSelfAddAccess"
    assert outcome.reason.parameters == {"paths": [path], "recorded": True}
    sentence = explained(outcome)
    assert "altered by this write, or by someone at the same moment" in sentence
    assert path in sentence
    assert called == BOTH
    (altered,) = journal.of("altered")
    assert altered["object"]["id"] == POLICY
    kept = altered["before"]
    assert [each["stage"] for each in kept[SETTINGS]] == [GRANTED]
    for name in ("requestorSettings", "requestApprovalSettings", "reviewSettings", "displayName"):
        assert kept[name] == policy()[name]


def test_without_a_journal_what_was_before_is_not_said_to_be_kept(tmp_path: Path) -> None:
    outcome, _ = bound(tmp_path, "policy_put_alters=true")
    assert "without a journal the policy as it was before is not kept" in explained(outcome)


def removes_granted(shown: Json) -> None:
    """Somebody else's change of another stage."""
    shown[SETTINGS] = [each for each in shown[SETTINGS] if each["stage"] != GRANTED]


def changes_granted(shown: Json) -> None:
    """The same, with another extension."""
    removes_granted(shown)
    shown[SETTINGS].append({"id": POLICY, **setting(GRANTED, NOTIFY)})


@pytest.mark.parametrize("change", [removes_granted, changes_granted])
def test_another_stage_that_changes_at_the_same_moment_is_altered(
    change: Callable[[Json], None], tmp_path: Path
) -> None:
    answers, journal = Answers(), Journal()

    @web.middleware
    async def edit(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method == "PUT":
            answers.change = change
        return response

    outcome, _ = bound(tmp_path, journal=journal, faults=[edit, answers.alter])
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("failed", "altered_by_write")
    (path,) = outcome.reason.parameters["paths"]
    assert path.startswith(f"{SETTINGS}/{GRANTED}")
    assert len(journal.of("altered")) == 1


def test_new_question_ids_are_done_with_a_note(tmp_path: Path) -> None:
    journal = Journal()
    outcome, called = bound(tmp_path, "question_ids=renew", journal=journal)
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("done", "question_ids_changed")
    assert "Graph gave the questions of the policy new ids" in explained(outcome)
    assert (called, journal.of("altered")) == (BOTH, [])


def test_a_put_that_is_refused_fails_and_changes_nothing(tmp_path: Path) -> None:
    declare(tmp_path / "desired", document(stages(**{CREATED: "notify"})))
    several = policy(setting(GRANTED, AUDIT), setting(GRANTED, NOTIFY))

    async def story(held: Tenant) -> None:
        (outcome,) = await held.apply(await held.plan_whole(tmp_path / "desired"))
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == ("failed", "refused")
        assert calls(held).keys() == {GRANTED}

    run(tmp_path, story, several, switches=["several_at_stage=refuse"])


class Answers:
    """Shows a policy otherwise than it is, while `change` is set."""

    def __init__(self) -> None:
        self.change: Callable[[Json], Any] | None = None

    @web.middleware
    async def alter(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer, changed if it shows the policy."""
        response = await handler(request)
        is_read = request.method == "GET" and request.path.endswith(f"/{POLICY}")
        if self.change is None or not is_read or "/beta/" in request.path:
            return response
        assert isinstance(response, web.Response)
        shown = json.loads(response.body or b"")
        self.change(shown)
        return web.json_response(shown)


def edits(name: str, value: Any) -> Callable[[Json], None]:
    """A change of one member."""
    return lambda shown: shown.update({name: value})


def renames_catalog(shown: Json) -> None:
    """Changes what only refers to other objects."""
    shown["catalog"] = {"id": POLICY, "displayName": "Other"}
    shown["accessPackage"]["displayName"] = "Renamed"
    for each in shown[SETTINGS]:
        each["customExtension"]["displayName"] = "renamed"
        each["id"] = POLICY
    shown["@odata.context"] = "other"


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (edits("description", "edited"), True),
        (edits("newMember", {"deep": [1]}), True),
        (edits(SETTINGS, []), True),
        (edits("questions", []), True),
        (lambda shown: shown.pop("automaticRequestSettings", None), False),
        (lambda shown: shown["requestorSettings"].pop("onBehalfRequestors", None), False),
        (lambda shown: shown["expiration"].update(duration="PT2160H"), False),
        (edits("modifiedDateTime", "2031-01-01T00:00:00Z"), False),
        (renames_catalog, False),
    ],
    ids=[
        "description",
        "unknown",
        "stages",
        "questions",
        "null",
        "empty",
        "duration",
        "time",
        "copies",
    ],
)
def test_a_policy_that_was_edited_since_the_plan_is_not_written(
    change: Callable[[Json], Any], stale: bool, tmp_path: Path
) -> None:
    requests, answers = Requests(), Answers()
    declare(tmp_path / "desired", document(stages(**{CREATED: "notify"})))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        answers.change = change
        if stale:
            with pytest.raises(StalePlanError):
                await refuse_if_stale(plan, held.graph, KINDS)
        else:
            await refuse_if_stale(plan, held.graph, KINDS)
        (outcome,) = await held.apply(plan)
        assert (outcome.status == "failed", len(requests.writes)) == (stale, int(not stale))
        assert outcome.reason is None or outcome.reason.code == "changed_since"

    run(tmp_path, story, policy(), faults=[requests.watch, answers.alter])


def test_a_plan_that_was_applied_already_is_stale(tmp_path: Path) -> None:
    declare(tmp_path / "desired", document(stages(**{CREATED: "notify"})))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        await held.apply(plan)
        with pytest.raises(StalePlanError, match="already in the desired state"):
            await refuse_if_stale(plan, held.graph, KINDS)

    run(tmp_path, story, policy())


class Puts:
    """How PUTs are answered, one after another; at last as usual. `lost`: each was applied."""

    def __init__(self, *statuses: int, lost: bool = False) -> None:
        self.statuses = list(statuses)
        self.lost = lost

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The usual answer, or the next status."""
        if request.method != "PUT" or not self.statuses:
            return await handler(request)
        if self.lost:
            await handler(request)
        return web.Response(status=self.statuses.pop(0), headers={"Retry-After": "1"})


BETA = f"GET /accessPackageAssignmentPolicies/{POLICY} of beta"
WHOLE, PUT = f"GET /assignmentPolicies/{POLICY} $expand", f"PUT /assignmentPolicies/{POLICY}"


def test_before_a_put_is_repeated_both_versions_are_read_again(tmp_path: Path) -> None:
    requests = Requests()
    outcome, called = bound(tmp_path, faults=[requests.watch, Puts(429).answer])
    assert (outcome.status, called) == ("done", BOTH)
    checked = [BETA, WHOLE, PUT]
    assert requests.seen[-7:] == [*checked, *checked, WHOLE]


@pytest.mark.parametrize("statuses", [(500,), (503, 500, 504)])
def test_a_put_whose_answer_is_lost_is_settled_by_reading(
    statuses: tuple[int, ...], tmp_path: Path
) -> None:
    requests = Requests()
    faults = [requests.watch, Puts(*statuses, lost=True).answer]
    outcome, called = bound(tmp_path, faults=faults)
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("done", "applied_despite_lost_answer")
    assert (called, len(requests.writes)) == (BOTH, 1)


def test_a_put_that_was_not_applied_is_repeated(tmp_path: Path) -> None:
    requests = Requests()
    outcome, called = bound(tmp_path, faults=[requests.watch, Puts(500).answer])
    assert (outcome.status, called, len(requests.writes)) == ("done", BOTH, 2)


def test_a_put_that_is_forbidden_says_what_it_needs(tmp_path: Path) -> None:
    outcome, called = bound(tmp_path, faults=[Puts(403).answer])
    assert outcome.reason is not None
    assert (outcome.status, outcome.reason.code) == ("failed", "refused_forbidden")
    assert "EntitlementManagement.ReadWrite.All or the role Access package manager" in explained(
        outcome
    )
    assert called == {GRANTED: AUDIT}


def test_a_policy_that_is_gone_is_not_written(tmp_path: Path) -> None:
    requests, is_gone = Requests(), []
    declare(tmp_path / "desired", document(stages(**{CREATED: "notify"})))

    @web.middleware
    async def vanish(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_gone and request.path.endswith(f"/assignmentPolicies/{POLICY}"):
            return web.Response(status=404)
        return await handler(request)

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        is_gone.append(True)
        (outcome,) = await held.apply(plan)
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == ("failed", "gone")

    run(tmp_path, story, policy(), faults=[requests.watch, vanish])
    assert requests.writes == []
