"""A policy that was edited after the plan was made is not written: in a saved plan, and between the
plan and the write of one apply. An edit in the window of the PUT ends as docs/safety.md says.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from anyio.from_thread import start_blocking_portal
from bindings import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    SETTINGS,
    binding,
    calls,
    document,
    edit,
    employees,
    finance,
    marketing,
    rest,
    setting,
    stored,
)
from harness import CommandLine, declare, extension
from objects import KINDS
from policy_edits import NOT_STALE, STALE, Edit, calling, member
from policy_runs import PolicyRuns
from tiers import sample

from reconciler.apply.stale import refuse_if_stale
from reconciler.errors import StalePlanError
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Outcome
from reconciler.sandbox.server import serve

BOUND = [(CREATED, NOTIFY), (GRANTED, AUDIT)]
DOCUMENT = document(policies=[binding({CREATED: "notify"})])
SOME = ("approver", "access package", "same stage", "other stage removed", "expiry stage added")
"""Edits that the quick tier makes to a saved plan; it makes the others during an apply."""
APPLIED = calling(setting(CREATED, NOTIFY), setting(GRANTED, AUDIT))


def binds(folder: Path, *switches: str) -> PolicyRuns:
    """The policy is to call `notify`, too."""
    catalogs = [marketing(), finance()]
    return PolicyRuns(folder, catalogs, [employees()], [DOCUMENT], switches)


def played(runs: PolicyRuns, scene: Callable[[PolicyRuns], Awaitable[Any]]) -> Any:
    """What the scene returns."""

    async def play() -> Any:
        async with runs.served():
            return await scene(runs)

    return asyncio.run(play())


def somebody(runs: PolicyRuns, does: Edit) -> None:
    """The edit happens."""
    edit(runs.held.store, **does(stored(runs.held.store)))


async def applied_with(
    runs: PolicyRuns, does: Edit, *, when: str, after: bool = False
) -> tuple[Outcome, bool]:
    """The outcome if the edit happens when this request of the apply arrives, before or after Graph
    has answered it; and whether a PUT was applied.
    """
    plan = await runs.plan()
    is_done = False

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal is_done
        is_now = runs.requests[-1] == when and not is_done
        is_done = is_done or is_now
        if is_now and not after:
            somebody(runs, does)
        answer = await handler(request)
        if is_now and after:
            somebody(runs, does)
        return answer

    runs.fault = fault
    [outcome] = await runs.apply(plan)
    assert is_done
    return outcome, bool(runs.writes)


PRE_CHECK, PUT, BETA = f"GET {POLICY}", f"PUT {POLICY}", f"GET beta {POLICY}"


def save_plan(reconciler: CommandLine) -> None:
    """Saves the plan that binds a stage of the policy."""
    reconciler.seed(marketing(), finance(), policies=[employees()])
    declare(Path("desired_state"), DOCUMENT)
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0


@pytest.mark.parametrize("name", sample(STALE, SOME.__contains__))
def test_a_saved_plan_is_stale_after_any_edit_of_the_policy(
    name: str, reconciler: CommandLine
) -> None:
    save_plan(reconciler)
    with reconciler.store() as store:
        edit(store, **STALE[name](stored(store)))
        before = stored(store)
        refused = reconciler("apply", "--sandbox", "--plan", "plan.json")
        assert refused.code == 5, (refused.out, refused.err)
        assert "nothing was written" in refused.err
        assert stored(store) == before


@pytest.mark.parametrize("name", sample(NOT_STALE, ("only the time", "ids and order").__contains__))
def test_a_saved_plan_is_applied_if_nothing_that_counts_was_edited(
    name: str, reconciler: CommandLine
) -> None:
    save_plan(reconciler)
    with reconciler.store() as store:
        edit(store, **NOT_STALE[name](stored(store)))
        before = stored(store)
        applied = reconciler("apply", "--sandbox", "--plan", "plan.json")
        assert applied.code == 0, (applied.out, applied.err)
        assert calls(stored(store)) == BOUND
        assert rest(stored(store)) == rest(before)


def test_an_extension_that_was_renamed_since_does_not_make_the_policy_stale(
    tmp_path: Path,
) -> None:
    """The plan holds the ids: what a policy shows of its extensions is a copy."""

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        row = runs.held.store.find("extension", AUDIT)
        assert row is not None
        runs.held.store.change("extension", row, {**row.document, "displayName": "auditing"})
        [outcome] = await runs.apply(plan)
        assert (outcome.status, outcome.reason) == ("done", None)

    played(binds(tmp_path), scene)


def test_a_saved_plan_that_was_applied_before_says_so(reconciler: CommandLine) -> None:
    reconciler.seed(marketing(), policies=[employees()])
    declare(Path("desired_state"), DOCUMENT)
    reconciler("plan", "--sandbox", "--out", "plan.json")
    assert reconciler("apply", "--sandbox", "--plan", "plan.json").code == 0
    again = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert again.code == 5
    assert "already in the desired state" in again.err


def test_a_plan_that_shows_the_reviewer_another_value_than_is_live_is_stale(
    tmp_path: Path,
) -> None:
    """The fingerprint alone is not believed: what a row shows as live must be live."""

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        [change] = plan.changes
        [row] = change.fields
        shown = replace(row, before=ObjectRef("extension", AUDIT, "audit"))
        altered = replace(plan, changes=(replace(change, fields=(shown,)),))
        [outcome] = await runs.apply(altered)
        assert outcome.reason is not None
        assert (outcome.reason.code, runs.writes) == ("changed_since", [])

    played(binds(tmp_path), scene)


@pytest.mark.parametrize("name", sample(STALE, lambda name: name not in SOME))
def test_an_edit_between_plan_and_write_is_kept(name: str, tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        outcome, wrote = await applied_with(runs, STALE[name], when=BETA)
        assert outcome.reason is not None
        moved = name == "access package"
        assert outcome.reason.code == ("check_failed" if moved else "changed_since")
        assert (outcome.status, outcome.stale) == ("failed", not moved)
        assert not wrote

    played(binds(tmp_path), scene)


def test_an_edit_between_the_parts_of_the_pre_check_is_seen(tmp_path: Path) -> None:
    """Graph does not expand all in one request: the settings are read before the edit of a stage,
    the questions after it.
    """

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        parts: list[str] = []

        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            if runs.requests[-1] == PRE_CHECK:
                parts.append(request.query["$expand"])
            if len(parts) == 3:
                assert SETTINGS in parts[1]
                somebody(runs, STALE["other stage"])
            return await handler(request)

        runs.fault = fault
        [outcome] = await runs.apply(plan)
        assert outcome.reason is not None
        assert (outcome.reason.code, runs.writes) == ("changed_since", [])

    played(binds(tmp_path, "combined_expand=refuse"), scene)


def test_what_somebody_else_has_bound_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        outcome, wrote = await applied_with(runs, APPLIED, when=BETA)
        assert outcome.reason is not None
        assert (outcome.reason.code, outcome.stale, wrote) == ("already_applied", True, False)

    played(binds(tmp_path), scene)


@pytest.mark.parametrize("name", NOT_STALE)
def test_an_edit_of_nothing_that_counts_does_not_stop_the_write(name: str, tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        outcome, wrote = await applied_with(runs, NOT_STALE[name], when=BETA)
        assert (outcome.status, wrote) == ("done", True), outcome
        assert calls(stored(runs.held.store)) == BOUND

    played(binds(tmp_path), scene)


@pytest.mark.parametrize("name", sample(STALE, ("approver", "other stage").__contains__))
def test_an_edit_in_the_window_of_the_put_is_overwritten(name: str, tmp_path: Path) -> None:
    """docs/safety.md says that no client can prevent it, and that no read can show it."""

    async def scene(runs: PolicyRuns) -> None:
        before = rest(stored(runs.held.store))
        outcome, _ = await applied_with(runs, STALE[name], when=PUT)
        if name == "access package":
            assert outcome.status == "failed", "Graph does not move a policy"
            return
        assert (outcome.status, outcome.reason) == ("done", None)
        assert calls(stored(runs.held.store)) == BOUND
        assert rest(stored(runs.held.store)) == before

    played(binds(tmp_path), scene)


ALTERED = {
    "description": "description",
    "approver": "requestApprovalSettings/stages/0/primaryApprovers",
    "expiration": "expiration/duration",
    "no reviews": "reviewSettings",
    "question": "questions/0/text",
    "notifications": "notificationSettings",
    "unknown member": "somethingNew",
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_edit_between_put_and_read_back_is_reported_and_kept(name: str, tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        before = stored(runs.held.store)
        outcome, _ = await applied_with(runs, STALE[name], when=PUT, after=True)
        assert outcome.reason is not None
        assert (outcome.status, outcome.written) == ("failed", True)
        assert outcome.reason.code == "altered_by_write"
        assert outcome.reason.parameters["paths"] == [ALTERED[name]]
        assert runs.writes == [PUT], "the edit is not written over"
        lines = [json.loads(line) for line in runs.journal.read_text().splitlines()]
        [line] = [line for line in lines if line["event"] == "altered"]
        assert line["object"]["id"] == POLICY
        assert line["before"]["description"] == before["description"]
        assert calls(line["before"]) == calls(before)

    played(binds(tmp_path), scene)


@pytest.mark.parametrize(
    ("does", "status", "code"),
    [
        (calling(setting(CREATED, NOTIFY), setting(GRANTED, NOTIFY)), "failed", "altered_by_write"),
        (calling(setting(CREATED, NOTIFY)), "failed", "altered_by_write"),
        (calling(setting(CREATED, AUDIT), setting(GRANTED, AUDIT)), "failed", "value_dropped"),
        (calling(setting(GRANTED, AUDIT)), "unknown", "old_values_shown"),
    ],
)
def test_a_stage_that_somebody_sets_right_after_the_put_is_never_done(
    does: Edit, status: str, code: str, tmp_path: Path
) -> None:
    async def scene(runs: PolicyRuns) -> None:
        outcome, _ = await applied_with(runs, does, when=PUT, after=True)
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == (status, code)
        assert runs.writes == [PUT]
        if code == "altered_by_write":
            [path] = cast("list[str]", outcome.reason.parameters["paths"])
            assert path.startswith(f"{SETTINGS}/{GRANTED}")

    played(binds(tmp_path), scene)


def test_hidden_settings_that_appear_after_the_plan_stop_the_write(tmp_path: Path) -> None:
    hidden = {"verifiableCredentialSettings": {"credentialTypes": [{"credentialType": "Badge"}]}}

    async def scene(runs: PolicyRuns) -> None:
        does = member("betaOnly", value=hidden)
        outcome, wrote = await applied_with(runs, does, when=BETA)
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == ("failed", "hidden_settings")
        assert not wrote

    played(binds(tmp_path), scene)


def test_a_retry_after_an_edit_is_unknown_and_keeps_the_edit(tmp_path: Path) -> None:
    """The first PUT has no answer, so that it may still arrive; the edit is seen by the check."""

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()

        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            if runs.requests[-1] != PUT:
                return await handler(request)
            somebody(runs, STALE["approver"])
            return web.Response(status=503)

        runs.fault = fault
        [outcome] = await runs.apply(plan)
        assert outcome.reason is not None
        assert (outcome.status, outcome.reason.code) == ("unknown", "stale_before_retry")
        assert runs.writes == [PUT]
        stage = stored(runs.held.store)["requestApprovalSettings"]["stages"][0]
        assert stage["primaryApprovers"] == []

    played(binds(tmp_path), scene)


@pytest.mark.parametrize(("extensions", "code"), [([], 5), ([extension("new")], 6)])
def test_the_exit_code_of_a_stale_policy_says_whether_something_was_written(
    extensions: list[Any], code: int, reconciler: CommandLine
) -> None:
    reconciler.seed(marketing(), policies=[employees()])
    policies = [binding({CREATED: "notify"})]
    declare(Path("desired_state"), document(policies=policies, extensions=extensions))
    looks: list[str] = []

    @web.middleware
    async def edits(request: web.Request, handler: Handler) -> web.StreamResponse:
        looks.extend([request.path] * request.path.startswith("/beta"))
        if len(looks) == 2:
            with reconciler.store() as store:
                edit(store, description="by hand")
        return await handler(request)

    with start_blocking_portal() as portal:
        serving = serve(Path(".reconciler/sandbox.sqlite3"), faults=[edits])
        with portal.wrap_async_context_manager(serving) as url:
            ran = reconciler("apply", "--auto-approve", "--format", "json", "--graph-url", url)
    assert (ran.code, len(looks)) == (code, 2), (ran.out, ran.err)
    outcome = ran.document["outcomes"][-1]
    assert (outcome["kind"], outcome["reason"]["code"]) == ("policy", "changed_since")
    assert len(reconciler.live()) == 2 + len(extensions)


def test_stale_names_the_policy_and_its_package(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        somebody(runs, STALE["description"])
        with pytest.raises(StalePlanError) as caught:
            await refuse_if_stale(plan, runs.held.graph, KINDS)
        assert '"Employees" in Campaign tools' in str(caught.value)

    played(binds(tmp_path), scene)
