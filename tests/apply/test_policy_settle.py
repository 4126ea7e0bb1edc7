"""A PUT of a policy that the journal shows as unsettled is looked for before anything is planned:
only that policy is read, and what cannot be read blocks its change.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from bindings import (
    AUDIT,
    CHAIN,
    CHAIN_POLICIES,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    SETTINGS,
    binding,
    calls,
    chain_catalog,
    chain_left,
    document,
    edit,
    employees,
    marketing,
    setting,
    stored,
)
from journals import unsettled_in
from policy_runs import PolicyRuns
from tiers import sample

from reconciler.apply.read_back import MAX_FAILED_POLLS, POLL_WAITS_S
from reconciler.apply.settle import unsettled_refusal
from reconciler.plan.unsettled import blocked_if_unsettled
from reconciler.sandbox.errors import GraphError

WHOLE = [*POLL_WAITS_S]
Scene = Callable[[PolicyRuns], Awaitable[None]]


def binds(folder: Path, *switches: str) -> PolicyRuns:
    """A policy is to call `notify` when a request is created."""
    documents = [document(policies=[binding({CREATED: "notify"})])]
    return PolicyRuns(folder, [marketing()], [employees()], documents, switches)


def played(runs: PolicyRuns, scene: Scene) -> None:
    async def play() -> None:
        async with runs.served():
            await scene(runs)

    asyncio.run(play())


@pytest.mark.parametrize("event", ["sending", "answered", "outcome"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("lag", sample([0, 2], (0).__eq__))
def test_after_a_kill_at_any_write_the_next_run_does_the_rest_once(
    number: int, event: str, lag: int, tmp_path: Path
) -> None:
    switches = [f"lag_reads={lag}"]
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [CHAIN], switches)

    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at(event, number)
        applied = number - 1 if event == "sending" else number
        left = chain_left(runs.held.store)
        assert len(left) == 4 - applied
        _, outcomes = await runs.next_run()
        assert [outcome.status for outcome in outcomes] == ["done"] * len(left)
        assert len(runs.writes) == len(left)
        assert chain_left(runs.held.store) == []
        runs.held.store.end_lag()
        assert (await runs.plan()).changes == ()

    played(runs, scene)
    assert unsettled_in(runs.journal) == []


@pytest.mark.parametrize(
    ("event", "lag", "polls"), [("answered", 0, 1), ("answered", 3, 4), ("sending", 0, 9)]
)
def test_an_unsettled_put_is_settled_by_reading_that_policy_only(
    event: str, lag: int, polls: int, tmp_path: Path
) -> None:
    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at(event)
        before = stored(runs.held.store)
        assert await runs.settled() == ()
        assert runs.held.waits == WHOLE[:polls]
        assert runs.requests == [f"GET {POLICY}"] * polls
        assert stored(runs.held.store) == before
        plan = await runs.plan()
        applied = event == "answered"
        assert [change.action for change in plan.changes] == ["update"] * (not applied)

    played(binds(tmp_path, f"lag_reads={lag}"), scene)


@pytest.mark.parametrize(
    ("event", "lag", "polls"), [("answered", 0, 1), ("answered", 3, 4), ("sending", 0, 9)]
)
def test_an_unsettled_unbind_is_not_settled_while_the_stage_still_shows(
    event: str, lag: int, polls: int, tmp_path: Path
) -> None:
    """The body of an unbind names nothing at the stage, and that counts."""
    documents = [document(policies=[binding({GRANTED: None})])]
    runs = PolicyRuns(tmp_path, [marketing()], [employees()], documents, (f"lag_reads={lag}",))

    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at(event)
        assert await runs.settled() == ()
        assert runs.held.waits == WHOLE[:polls]

    played(runs, scene)


def test_a_stage_that_somebody_has_set_since_is_no_sign_of_our_put(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at("sending")
        edit(runs.held.store, **{SETTINGS: [setting(CREATED, AUDIT)]})
        assert await runs.settled() == ()
        assert runs.held.waits == WHOLE
        plan, outcomes = await runs.next_run()
        [row] = plan.changes[0].fields
        assert getattr(row.before, "id", None) == AUDIT
        assert [outcome.status for outcome in outcomes] == ["done"]

    played(binds(tmp_path), scene)


def test_a_policy_that_is_gone_settles_the_put_and_is_then_blocked(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at("answered")
        runs.held.store.remove("policy", POLICY)
        assert await runs.settled() == ()
        plan, outcomes = await runs.next_run()
        assert plan.changes[0].reason.code == "not_there"
        assert [outcome.status for outcome in outcomes] == ["skipped"]

    played(binds(tmp_path), scene)


@pytest.mark.parametrize("event", ["sending", "answered"])
def test_a_policy_that_cannot_be_read_blocks_its_change_and_no_other(
    event: str, tmp_path: Path
) -> None:
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [CHAIN])
    refusing = False

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if refusing and request.path.endswith(f"/assignmentPolicies/{POLICY}"):
            raise GraphError(403, "UnAuthorized", "not now")
        return await handler(request)

    async def scene(runs: PolicyRuns) -> None:
        nonlocal refusing
        await runs.killed_at(event, 2)
        refusing = True
        unsettled = await runs.settled()
        assert [write.object.id for write in unsettled] == [POLICY]
        assert runs.held.waits == WHOLE[:MAX_FAILED_POLLS]
        assert runs.requests == [f"GET {POLICY}"] * MAX_FAILED_POLLS
        refusing = False
        plan = await runs.plan(unsettled)
        codes = {str(change.object): change.reason.code for change in plan.blocked}
        assert codes == {"Employees": "unsettled_write"}
        before = stored(runs.held.store)
        outcomes = {str(each.change.object): each.status for each in await runs.apply(plan)}
        assert outcomes == {"Employees": "skipped", "Partners": "done", "old": "done"}
        assert stored(runs.held.store) == before
        assert unsettled_in(runs.journal) == [("update", "Employees")]

    runs.fault = fault
    played(runs, scene)


def test_a_saved_plan_with_an_unsettled_policy_is_refused(tmp_path: Path) -> None:
    async def fault(request: web.Request, _handler: Handler) -> web.StreamResponse:
        raise GraphError(403, "UnAuthorized", f"not now: {request.path}")

    async def scene(runs: PolicyRuns) -> None:
        saved = await runs.plan()
        await runs.killed_at("sending")
        runs.fault = fault
        refusal = unsettled_refusal(blocked_if_unsettled(saved.pending, await runs.settled()))
        assert refusal is not None
        assert '"Employees"' in str(refusal)
        assert calls(stored(runs.held.store)) == [(GRANTED, AUDIT)]

    played(binds(tmp_path), scene)


def test_the_journal_names_no_approver(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        await runs.killed_at("outcome")
        [line] = [
            each
            for each in map(json.loads, runs.journal.read_text().splitlines())
            if each["event"] == "sending"
        ]
        assert line["body"].keys() == {SETTINGS, "sha256"}
        assert sorted(each["stage"] for each in line["body"][SETTINGS]) == [CREATED, GRANTED]
        assert NOTIFY in runs.journal.read_text()
        assert "userId" not in runs.journal.read_text()

    played(binds(tmp_path), scene)
