"""Changes of one plan that depend on each other: a stage calls what the plan creates, and what is
deleted is no longer called.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from bindings import (
    AUDIT,
    CHAIN,
    CHAIN_POLICIES,
    CREATED,
    GRANTED,
    GREET,
    KEPT_POLICY,
    NOTIFY,
    OLD,
    ONE_DAY,
    OTHER_POLICY,
    POLICY,
    REMOVED,
    SETTINGS,
    binding,
    calls,
    chain_catalog,
    chain_left,
    document,
    employees,
    finance,
    marketing,
    others,
    partners,
    setting,
    stored,
)
from harness import ASSIGNMENT, FINANCE, MARKETING, CommandLine, Json, declare, extension
from objects import explained
from policy_runs import PolicyRuns

from reconciler.model.plan import Outcome, Plan
from reconciler.sandbox.errors import GraphError

UNBINDS = binding({GRANTED: None}, "Partners")
ABSENT = {"displayName": "old", "ensure": "absent"}
HIDDEN = {"verifiableCredentialSettings": {"credentialTypes": [{"credentialType": "Badge"}]}}


def chain(folder: Path, *switches: str) -> PolicyRuns:
    """An extension is created and bound, another one unbound and deleted."""
    return PolicyRuns(folder, [chain_catalog()], CHAIN_POLICIES, [CHAIN], switches)


def played(runs: PolicyRuns, scene: Callable[[PolicyRuns], Awaitable[Any]]) -> Any:
    async def play() -> Any:
        async with runs.served():
            return await scene(runs)

    return asyncio.run(play())


def refusing(method: str, last: str, status: int = 403) -> Any:
    """A fault: Graph refuses these requests."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == method and request.path.endswith(last):
            raise GraphError(status, "Planned", "refused")
        return await handler(request)

    return fault


def ended(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """The outcomes by object: the status, with the code of one that is not done."""
    return {
        str(each.change.object): each.status
        if each.status == "done" or each.reason is None
        else f"{each.status} {each.reason.code}"
        for each in outcomes
    }


def blocks(plan: Plan) -> dict[str, str]:
    """The blocked changes with their codes."""
    return {str(change.object): change.reason.code for change in plan.blocked}


@pytest.mark.parametrize("switches", [(), ("lag_reads=2",), ("lag_reads=1", "views=2")], ids=str)
def test_writes_come_in_order_and_one_at_a_time(switches: Sequence[str], tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        under_way = 0

        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            nonlocal under_way
            under_way += 1
            assert under_way == 1, "within a catalog there is one request at a time"
            try:
                return await handler(request)
            finally:
                under_way -= 1

        plan = await runs.plan()
        runs.fault = fault
        outcomes = await runs.apply(plan)
        assert {*ended(outcomes).values()} == {"done"}, [explained(each) for each in outcomes]
        posts = "POST customWorkflowExtensions"
        assert runs.writes == [posts, f"PUT {POLICY}", f"PUT {KEPT_POLICY}", f"DELETE {OLD}"]
        assert chain_left(runs.held.store) == []
        put = runs.requests.index(f"PUT {POLICY}")
        assert runs.requests[put - 2 : put] == [f"GET beta {POLICY}", f"GET {POLICY}"]

    played(chain(tmp_path, *switches), scene)


def test_two_catalogs_are_written_at_once_and_each_in_its_order(tmp_path: Path) -> None:
    other = document(
        "Finance",
        [binding({CREATED: "new"}, "Others", "Ledger")],
        [extension("new"), {"displayName": "greet", "ensure": "absent"}],
    )
    policies = [*CHAIN_POLICIES, others(setting(CREATED, GREET))]
    catalogs = [chain_catalog(), finance()]
    runs = PolicyRuns(tmp_path, catalogs, policies, [CHAIN, other])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        written: dict[str, list[str]] = {MARKETING: [], FINANCE: []}

        async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method != "GET":
                is_of_finance = OTHER_POLICY in request.path or FINANCE in request.path
                written[FINANCE if is_of_finance else MARKETING].append(request.method)
            return await handler(request)

        runs.fault = fault
        outcomes = await runs.apply(plan)
        assert {each.status for each in outcomes} == {"done"}
        assert written == {
            MARKETING: ["POST", "PUT", "PUT", "DELETE"],
            FINANCE: ["POST", "PUT", "DELETE"],
        }
        [new] = runs.held.store.extensions(FINANCE)
        assert calls(stored(runs.held.store, OTHER_POLICY)) == [(CREATED, new["id"])]

    played(runs, scene)


def test_a_replaced_extension_is_unbound_before_and_bound_as_the_new_one(tmp_path: Path) -> None:
    """The new type fits another stage, at which a policy calls the new one from now on."""
    policies = [binding({ONE_DAY: "old"}), UNBINDS]
    declared = document(policies=policies, extensions=[extension("old", ASSIGNMENT)])
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert blocks(plan) == {}
        [replaced] = [change for change in plan.changes if change.action == "replace"]
        assert [use.object.id for use in replaced.used_by or ()] == [KEPT_POLICY]
        outcomes = await runs.apply(plan)
        assert {each.status for each in outcomes} == {"done"}, ended(outcomes)
        assert [write.split()[0] for write in runs.writes] == ["POST", "PUT", "PUT", "DELETE"]
        [new] = [each for each in runs.held.store.extensions() if each["displayName"] == "old"]
        assert new["id"] != OLD
        assert calls(stored(runs.held.store)) == [(ONE_DAY, new["id"]), (GRANTED, AUDIT)]
        assert calls(stored(runs.held.store, KEPT_POLICY)) == [(REMOVED, AUDIT)]
        assert (await runs.plan()).changes == ()

    played(runs, scene)


def test_a_replaced_extension_is_not_created_for_a_stage_that_it_does_not_fit(
    tmp_path: Path,
) -> None:
    """The stage keeps calling the old one, so that it cannot be replaced."""
    declared = document(extensions=[extension("old", ASSIGNMENT)])
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert blocks(plan) == {"old": "in_use"}
        await runs.apply(plan)
        assert runs.writes == []

    played(runs, scene)


@pytest.mark.parametrize(("status", "outcome"), [(403, "failed"), (503, "unknown")])
def test_an_unbind_that_is_not_applied_keeps_the_extension(
    status: int, outcome: str, tmp_path: Path
) -> None:
    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        runs.fault = refusing("PUT", KEPT_POLICY, status)
        outcomes = await runs.apply(plan)
        words = ended(outcomes)
        assert words.pop("Partners").startswith(outcome)
        assert words == {"new": "done", "Employees": "done", "old": "skipped depends_on_failed"}
        assert not any(write.startswith("DELETE") for write in runs.writes)
        assert chain_left(runs.held.store) == ["PUT Partners", "DELETE"]
        runs.fault = lambda request, handler: handler(request)
        _, again = await runs.next_run()
        assert {*ended(again).values()} == {"done"}
        assert chain_left(runs.held.store) == []

    played(chain(tmp_path), scene)


def test_an_unbind_that_fails_leaves_both_extensions_of_a_replacement(tmp_path: Path) -> None:
    """The new one was created first; the old one is called still, and stays."""
    declared = document(policies=[UNBINDS], extensions=[extension("old", ASSIGNMENT)])
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        runs.fault = refusing("PUT", KEPT_POLICY)
        outcomes = {each.change.action: each for each in await runs.apply(plan)}
        unbound, replaced = outcomes["update"], outcomes["replace"]
        assert unbound.status == "failed"
        assert replaced.reason is not None
        assert (replaced.status, replaced.reason.code) == ("failed", "old_remains")
        assert "depends_on_failed" in json.dumps(dict(replaced.reason.parameters))
        assert not any(write.startswith("DELETE") for write in runs.writes)
        assert (GRANTED, OLD) in calls(stored(runs.held.store, KEPT_POLICY))

    played(runs, scene)


def test_a_stale_unbind_keeps_the_extension(tmp_path: Path) -> None:
    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        row = runs.held.store.find("policy", KEPT_POLICY)
        assert row is not None
        runs.held.store.change("policy", row, {**row.document, "description": "by hand"})
        words = ended(await runs.apply(plan))
        assert words["Partners"] == "failed changed_since"
        assert words["old"] == "skipped depends_on_failed"

    played(chain(tmp_path), scene)


@pytest.mark.parametrize("failing", ["create", "PUT"])
def test_a_stage_that_moves_to_a_new_extension_keeps_the_old_one_if_that_fails(
    failing: str, tmp_path: Path
) -> None:
    """Create, bind and delete are one chain: what fails stops all that follows."""
    moved = binding({GRANTED: "new"}, "Partners")
    declared = document(policies=[moved], extensions=[extension("new"), ABSENT])
    runs = PolicyRuns(tmp_path, [chain_catalog()], CHAIN_POLICIES, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        runs.fault = (
            refusing("POST", "customWorkflowExtensions")
            if failing == "create"
            else refusing("PUT", KEPT_POLICY)
        )
        words = ended(await runs.apply(plan))
        assert words == {
            "new": "failed refused_forbidden" if failing == "create" else "done",
            "Partners": "skipped depends_on_failed"
            if failing == "create"
            else "failed refused_forbidden",
            "old": "skipped depends_on_failed",
        }
        assert calls(stored(runs.held.store, KEPT_POLICY)) == [(GRANTED, OLD), (REMOVED, AUDIT)]
        runs.fault = lambda request, handler: handler(request)
        assert {*ended((await runs.next_run())[1]).values()} == {"done"}

    played(runs, scene)


@pytest.mark.parametrize("how", ["absent", "replace", "unmanaged"])
def test_an_unbind_that_is_blocked_blocks_what_it_would_free(how: str, tmp_path: Path) -> None:
    """The policy has settings that v1.0 does not show: it is not written, so the use remains."""
    extensions = {
        "absent": [extension("audit"), ABSENT],
        "replace": [extension("audit"), extension("old", ASSIGNMENT)],
        "unmanaged": [extension("audit")],
    }
    declared = document(policies=[UNBINDS], extensions=extensions[how])
    if how == "unmanaged":
        declared["unmanaged"] = "delete"
    policy = partners(setting(GRANTED, OLD), betaOnly=HIDDEN)
    runs = PolicyRuns(tmp_path, [chain_catalog()], [policy], [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert blocks(plan)["Partners"] == "hidden_settings"
        assert blocks(plan)["old"] == "in_use"
        await runs.apply(plan)
        assert runs.writes == []

    played(runs, scene)


def test_a_block_is_passed_on_along_the_whole_chain(tmp_path: Path) -> None:
    """`audit` cannot be replaced, because it is called elsewhere; so no stage moves to it, and so
    `old` stays in use.
    """
    live = marketing(
        {"id": OLD, **extension("old")}, {"id": AUDIT, **extension("audit", ASSIGNMENT)}
    )
    policies = [employees(setting(ONE_DAY, AUDIT)), partners(setting(GRANTED, OLD))]
    moved = binding({GRANTED: "audit"}, "Partners")
    declared = document(policies=[moved], extensions=[extension("audit"), ABSENT])
    runs = PolicyRuns(tmp_path, [live], policies, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert blocks(plan) == {
            "audit": "in_use",
            "Partners": "depends_on_blocked",
            "old": "in_use",
        }
        await runs.apply(plan)
        assert runs.writes == []

    played(runs, scene)


def test_of_two_uses_the_one_that_remains_is_named(tmp_path: Path) -> None:
    policies = [employees(setting(CREATED, OLD)), partners(setting(GRANTED, OLD))]
    declared = document(policies=[UNBINDS], extensions=[ABSENT])
    runs = PolicyRuns(tmp_path, [chain_catalog()], policies, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        [blocked] = plan.blocked
        assert (blocked.reason.code, blocked.reason.parameters["count"]) == ("in_use", 1)
        assert "Employees" in json.dumps(blocked.reason.parameters)
        assert "Partners" not in json.dumps(blocked.reason.parameters)
        assert ended(await runs.apply(plan)) == {"Partners": "done", "old": "skipped in_use"}

    played(runs, scene)


def test_two_stages_of_one_policy_are_freed_by_one_write(tmp_path: Path) -> None:
    policies = [partners(setting(GRANTED, OLD), setting(CREATED, OLD))]
    freed = binding({GRANTED: None, CREATED: "audit"}, "Partners")
    declared = document(policies=[freed], extensions=[extension("audit"), ABSENT])
    runs = PolicyRuns(tmp_path, [chain_catalog()], policies, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        [deleted] = [change for change in plan.changes if change.action == "delete"]
        assert len(deleted.used_by or ()) == 2
        assert {*ended(await runs.apply(plan)).values()} == {"done"}
        assert runs.writes == [f"PUT {KEPT_POLICY}", f"DELETE {OLD}"]

    played(runs, scene)


def test_one_stage_of_two_is_not_enough(tmp_path: Path) -> None:
    policies = [partners(setting(GRANTED, OLD), setting(CREATED, OLD))]
    declared = document(policies=[UNBINDS], extensions=[ABSENT])
    runs = PolicyRuns(tmp_path, [chain_catalog()], policies, [declared])

    async def scene(runs: PolicyRuns) -> None:
        assert blocks(await runs.plan()) == {"old": "in_use"}

    played(runs, scene)


@pytest.mark.parametrize("reference", ["old", "OLD", {"id": OLD}, {"id": OLD.upper()}], ids=str)
@pytest.mark.parametrize("policy", ["Partners", "Nobody's"])
def test_unmanaged_delete_keeps_what_a_policy_declaration_names(
    reference: Any, policy: str, tmp_path: Path
) -> None:
    """Even if the policy does not exist."""
    bound = binding({CREATED: reference}, policy)
    declared = document(policies=[bound], extensions=[extension("audit")])
    runs = PolicyRuns(
        tmp_path, [chain_catalog()], [partners()], [{**declared, "unmanaged": "delete"}]
    )

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert [str(each.object) for each in plan.unmanaged] == ["old"]
        assert not any(change.removes for change in plan.changes)
        await runs.apply(plan)
        assert OLD in [each["id"] for each in runs.held.store.extensions()]
        bound = [(CREATED, OLD)] if policy == "Partners" else []
        assert calls(stored(runs.held.store, KEPT_POLICY)) == bound

    played(runs, scene)


def test_unmanaged_delete_removes_what_a_declaration_frees(tmp_path: Path) -> None:
    declared = document(policies=[UNBINDS], extensions=[extension("audit")])
    runs = PolicyRuns(
        tmp_path, [chain_catalog()], CHAIN_POLICIES, [{**declared, "unmanaged": "delete"}]
    )

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert {str(each.object): each.action for each in plan.changes} == {
            "Partners": "update",
            "old": "delete",
        }
        assert {*ended(await runs.apply(plan)).values()} == {"done"}
        assert runs.writes == [f"PUT {KEPT_POLICY}", f"DELETE {OLD}"]

    played(runs, scene)


def test_a_reference_with_the_id_in_capitals_is_the_same_extension(tmp_path: Path) -> None:
    """Ids are compared in lower case: neither is the stage changed, nor does the delete pass."""
    policies = [partners(setting(GRANTED, OLD.upper()), setting(CREATED, AUDIT))]
    declared = document(policies=[binding({CREATED: None}, "Partners")], extensions=[ABSENT])
    runs = PolicyRuns(tmp_path, [chain_catalog()], policies, [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert blocks(plan) == {"old": "in_use"}
        assert ended(await runs.apply(plan)) == {"Partners": "done", "old": "skipped in_use"}

    played(runs, scene)


def test_a_saved_chain_is_shown_and_applied_as_reviewed(reconciler: CommandLine) -> None:
    reconciler.seed(chain_catalog(), policies=CHAIN_POLICIES)
    declare(Path("desired_state"), CHAIN)
    planned = reconciler("plan", "--sandbox", "--out", "plan.json", "--detailed-exitcode")
    assert planned.code == 2, planned.err
    used = "access package Campaign tools, policy Partners, stage assignmentRequestGranted"
    assert f"used until this plan ends it: {used}" in planned.out
    order = [f"{sign} {word}" for sign, word in (("+", "create"), ("~", "update"), ("-", "delete"))]
    places = [planned.out.index(words) for words in order]
    assert places == sorted(places)
    document = json.loads(Path("plan.json").read_text())
    [deleted] = [change for change in document["changes"] if change["action"] == "delete"]
    assert [use["policy"] for use in deleted["used_by"]] == ["Partners"]
    applied = reconciler("apply", "--sandbox", "--plan", "plan.json")
    assert applied.code == 0, (applied.out, applied.err)
    assert "Apply: 1 created, 2 updated" in applied.last
    with reconciler.store() as store:
        assert chain_left(store) == []
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0


def test_a_saved_chain_is_stale_as_a_whole(reconciler: CommandLine) -> None:
    """Somebody has bound `old` elsewhere in the same policy: nothing at all is written."""
    reconciler.seed(chain_catalog(), policies=CHAIN_POLICIES)
    declare(Path("desired_state"), CHAIN)
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    with reconciler.store() as store:
        row = store.find("policy", KEPT_POLICY)
        assert row is not None
        settings = [*row.document[SETTINGS], setting(CREATED, OLD)]
        store.change("policy", row, {**row.document, SETTINGS: settings})
        refused = reconciler("apply", "--sandbox", "--plan", "plan.json")
        assert refused.code == 5
        assert '"Partners" in Campaign tools' in refused.err
        assert len(store.extensions()) == 2
        assert calls(stored(store)) == [(GRANTED, AUDIT)]


def test_who_binds_the_extension_elsewhere_before_the_delete_is_protected_by_graph(
    tmp_path: Path,
) -> None:
    """docs/safety.md: between plan and delete only Graph's own refusal protects."""
    policies = [*CHAIN_POLICIES, others()]
    runs = PolicyRuns(tmp_path, [chain_catalog(), finance()], policies, [CHAIN])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        row = runs.held.store.find("policy", OTHER_POLICY)
        assert row is not None
        settings = [setting(CREATED, OLD)]
        runs.held.store.change("policy", row, {**row.document, SETTINGS: settings})
        words = ended(await runs.apply(plan))
        assert words.pop("old") == "failed refused"
        assert {*words.values()} == {"done"}
        assert OLD in [each["id"] for each in runs.held.store.extensions()]

    played(runs, scene)


def test_the_usual_extension_is_bound_by_the_name_that_it_gets(tmp_path: Path) -> None:
    """A pinned one is renamed in the same plan; the stage names it by its new name."""
    renamed = {"id": NOTIFY, **extension("tell")}
    declared = document(policies=[binding({CREATED: "tell"})], extensions=[renamed])
    runs = PolicyRuns(tmp_path, [marketing()], [employees()], [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        assert {*ended(await runs.apply(plan)).values()} == {"done"}
        assert runs.writes == [f"PUT {NOTIFY}", f"PUT {POLICY}"]
        assert calls(stored(runs.held.store)) == [(CREATED, NOTIFY), (GRANTED, AUDIT)]

    played(runs, scene)


def test_a_rename_that_fails_stops_the_stage_that_names_it(tmp_path: Path) -> None:
    renamed: Json = {"id": NOTIFY, **extension("tell")}
    declared = document(policies=[binding({CREATED: "tell"})], extensions=[renamed])
    runs = PolicyRuns(tmp_path, [marketing()], [employees()], [declared])

    async def scene(runs: PolicyRuns) -> None:
        plan = await runs.plan()
        runs.fault = refusing("PUT", NOTIFY)
        words = ended(await runs.apply(plan))
        assert words == {
            "tell": "failed refused_forbidden",
            "Employees": "skipped depends_on_failed",
        }

    played(runs, scene)
