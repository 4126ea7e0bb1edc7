"""Kinds that the product does not have, handed to the engine as it is: planned, applied, shown as
drift, exported, and killed half-way.
"""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from depot_runs import CONTEXT, Depot, at_once, connected
from depot_server import Depots, served
from depots import CRATE, DEPOT, FORMAT, GATE, STRANGERS

from reconciler.app.kinds import KINDS, check_order
from reconciler.app.referring import observe_referring
from reconciler.apply.check import stale_because
from reconciler.apply.history import Target
from reconciler.apply.journal import open_journal
from reconciler.apply.run import Run, apply_plan
from reconciler.apply.settle import settle
from reconciler.apply.stale import refuse_if_stale
from reconciler.model.graph import Graph
from reconciler.model.kind import Kinds
from reconciler.model.objects import ObjectRef, Observed, Parents, Referring
from reconciler.model.plan import Change, Outcome, Plan
from reconciler.model.plan_document import plan_document
from reconciler.model.target import graph_host
from reconciler.plan.saved import read_plan, saved_text
from reconciler.plan.uses import used_by
from reconciler.render.reasons import outcome_sentence, sentence
from reconciler.render.sentences import SENTENCES
from reconciler.render.text import plan_text
from reconciler.render.wording import Wording

T = TypeVar("T")
HERE = Path(__file__).parent
SENTENCES_OF_ALL = {**SENTENCES, "gate_locked": "the gate is locked by {by}; unlock it first"}
TEXT = """
depot: {displayName: South, note: new}
crates:
  - {displayName: tea, weight: 3}
  - {displayName: salt, weight: 5, colour: Grey}
---
depot: North
crates:
  - {displayName: tea, weight: 4}
gates:
  - {displayName: main, leadsTo: South}
"""


def north() -> Depots:
    """A server with one depot, in which somebody has built a gate that leads nowhere."""
    depots = Depots()
    held = depots.add("depots", displayName="North", note="old")
    depots.add(f"depots/{held['id']}/crates", displayName="tea", weight=3, colour="red")
    depots.add(f"depots/{held['id']}/crates", displayName="rope", weight=1, colour=None)
    depots.add(f"depots/{held['id']}/gates", displayName="main", leadsTo=None, height=7, rules=[1])
    return depots


def run(depots: Depots, story: Callable[[Depot], Awaitable[T]], concurrency: int = 8) -> T:
    """The story, with a client for a server of these depots."""

    async def whole() -> T:
        async with served(depots) as url, connected(url, concurrency) as depot:
            return await story(depot)

    return asyncio.run(whole())


async def planned_and_applied(depot: Depot) -> tuple[Plan, tuple[Outcome, ...], Plan]:
    """The plan, its outcomes, and the plan after them."""
    plan = await depot.plan(TEXT)
    return plan, await depot.apply(plan), await depot.plan(TEXT)


def test_every_kind_is_planned_in_the_order_of_work() -> None:
    plan = run(north(), lambda depot: depot.plan(TEXT))
    assert [(each.kind, each.action, each.object.display_name) for each in plan.changes] == [
        ("crate", "update", "tea"),
        ("gate", "update", "main"),
        ("depot", "create", "South"),
        ("crate", "create", "salt"),
        ("crate", "create", "tea"),
    ]
    assert plan.by_kind["crate"]["unmanaged"] == 1
    assert plan.complete


@pytest.mark.parametrize("concurrency", [1, 8])
def test_what_is_created_in_the_run_is_known_when_it_is_referred_to(concurrency: int) -> None:
    # The scope that waits for the other one comes first.
    depots = north()
    _, outcomes, after = run(depots, planned_and_applied, concurrency)
    assert {outcome.status for outcome in outcomes} == {"done"}, outcomes
    south = depots.named("depots", "South")
    assert depots.named("depots/id-1/gates", "main")["leadsTo"] == {"id": south["id"]}
    assert {each["displayName"] for each in depots.lists[f"depots/{south['id']}/crates"]} == {
        "tea",
        "salt",
    }
    assert after.changes == ()


def test_of_a_foreign_object_only_the_member_that_is_ours_changes() -> None:
    depots = north()
    before = dict(depots.named("depots/id-1/gates", "main"))
    run(depots, planned_and_applied)
    after = depots.named("depots/id-1/gates", "main")
    ours = ("leadsTo", "changed")
    assert {name: value for name, value in after.items() if name not in ours} == {
        name: value for name, value in before.items() if name not in ours
    }


def test_a_foreign_object_that_the_write_alters_elsewhere_is_reported() -> None:
    depots = north()

    @web.middleware
    async def lowering(
        request: web.Request, handler: Callable[..., Awaitable[web.Response]]
    ) -> web.Response:
        answer = await handler(request)
        if request.method == "PUT" and "/gates/" in request.path:
            depots.named("depots/id-1/gates", "main")["height"] = 1
        return answer

    async def whole() -> tuple[Outcome, ...]:
        async with served(depots, lowering) as url, connected(url) as depot:
            return await depot.apply(await depot.plan(TEXT))

    (gate,) = (each for each in asyncio.run(whole()) if each.change.kind == "gate")
    assert (gate.status, gate.written) == ("failed", True)
    assert "or by someone at the same moment: height;" in outcome_sentence(gate)


def test_what_depends_on_a_failed_change_is_skipped() -> None:
    depots = north()
    depots.refuse.add("South")
    _, outcomes, _ = run(depots, planned_and_applied)
    reasons = {
        (each.change.kind, str(each.change.object)): each.reason.code if each.reason else ""
        for each in outcomes
        if each.status != "done"
    }
    assert reasons == {
        ("depot", "South"): "refused_forbidden",
        ("crate", "salt"): "parent_failed",
        ("crate", "tea"): "parent_failed",
        ("gate", "main"): "depends_on_failed",
    }


def test_a_failed_update_of_a_parent_stops_nothing_else() -> None:
    depots = north()
    depots.refuse.add("North")
    text = "depot: {displayName: North, note: new}\ncrates: [{displayName: salt, weight: 5}]"

    async def applied(depot: Depot) -> tuple[Outcome, ...]:
        return await depot.apply(await depot.plan(text))

    outcomes = {str(each.change.object): each.status for each in run(depots, applied)}
    assert outcomes == {"North": "failed", "salt": "done"}
    assert depots.named("depots/id-1/crates", "salt")["weight"] == 5


def test_a_blocked_update_of_a_parent_stops_nothing_else() -> None:
    fixed = replace(DEPOT, api=replace(DEPOT.api, update=None))
    text = "depot: {displayName: North, note: new}\ncrates: [{displayName: salt, weight: 5}]"
    plan = run(north(), lambda depot: depot.plan(text, Kinds((fixed, CRATE, GATE))))
    assert [(str(each.object), each.action) for each in plan.changes] == [
        ("North", "blocked"),
        ("salt", "create"),
    ]


def test_a_parent_is_renamed_by_its_id_with_what_it_contains() -> None:
    depots = north()
    text = (
        "depot: {id: id-1, displayName: West}\ncrates: [{displayName: salt, weight: 5}]\n"
        "---\ndepot: west\ncrates: [{displayName: tea, weight: 4}]\n"
    )

    async def renamed(depot: Depot) -> tuple[Plan, tuple[Outcome, ...], Plan]:
        plan = await depot.plan(text)
        return plan, await depot.apply(plan), await depot.plan(text)

    plan, outcomes, after = run(depots, renamed)
    assert [(each.action, str(each.object)) for each in plan.changes] == [
        ("rename", "West"),
        ("create", "salt"),
        ("update", "tea"),
    ]
    assert [outcome.change.action for outcome in outcomes] == ["rename", "create", "update"]
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert after.changes == ()
    assert [held["displayName"] for held in depots.lists["depots"]] == ["West"]


def test_a_rename_waits_until_no_document_uses_the_former_name() -> None:
    pinned = "depot: {id: id-1, displayName: West}\ncrates: [{displayName: salt, weight: 5}]\n"
    for other in ("depot: north", "depot: {displayName: NORTH, note: another one}"):
        text = f"{pinned}---\n{other}\ncrates: [{{displayName: tea, weight: 4}}]\n"
        plan = run(north(), lambda depot, text=text: depot.plan(text))
        codes = {(each.kind, str(each.object)): each.reason.code for each in plan.blocked}
        assert plan.pending == ()
        assert codes["depot", "West"] == "former_name_declared"
        assert set(codes.values()) == {"former_name_declared"}
        assert {("crate", "tea"), ("crate", "salt")} <= codes.keys()
        assert [str(each.object) for each in plan.unmanaged] == ["rope"]


def test_a_guard_of_the_kind_blocks_and_what_it_says_is_shown() -> None:
    depots = north()
    depots.named("depots/id-1/gates", "main").update(locked=True, lockedBy="Ada")
    plan = run(depots, lambda depot: depot.plan(TEXT))
    (blocked,) = plan.blocked
    assert (
        sentence(blocked.reason, blocked, SENTENCES_OF_ALL)
        == "the gate is locked by Ada; unlock it first"
    )
    assert "locked by Ada" in plan_text(plan, Wording(sentences=SENTENCES_OF_ALL))


def test_a_reference_to_nothing_is_blocked() -> None:
    text = "depot: North\ngates: [{displayName: main, leadsTo: West}]"
    (blocked,) = run(north(), lambda depot: depot.plan(text)).blocked
    assert sentence(blocked.reason, blocked) == (
        'it refers to the depot "West", which is neither declared nor live; correct the name'
    )


def test_what_refers_to_a_blocked_change_is_blocked_in_the_plan() -> None:
    depots = north()
    for _ in range(2):
        depots.add("depots", displayName="South", note="old")
    plan = run(depots, lambda depot: depot.plan(TEXT))
    codes = {(each.kind, each.object.display_name): each.reason.code for each in plan.blocked}
    assert codes["depot", "South"] == "name_ambiguous"
    assert codes["gate", "main"] == "depends_on_blocked"


def test_a_foreign_object_that_is_not_there_is_not_created() -> None:
    text = "depot: North\ngates: [{displayName: side, leadsTo: North}]"
    (blocked,) = run(north(), lambda depot: depot.plan(text)).blocked
    assert blocked.reason.code == "create_not_offered"


def test_what_a_kind_does_not_offer_is_blocked() -> None:
    fixed = replace(CRATE, api=replace(CRATE.api, update=None))
    kinds = Kinds((DEPOT, fixed, GATE))
    plan = run(north(), lambda depot: depot.plan(TEXT, kinds))
    codes = {(each.kind, each.object.display_name): each.reason.code for each in plan.blocked}
    assert codes == {("crate", "tea"): "update_not_offered"}


def test_before_a_saved_plan_nothing_is_read_in_parents_that_it_creates() -> None:
    depots = north()

    async def checked(depot: Depot) -> None:
        plan = await depot.plan(TEXT)
        depots.requests.clear()
        await refuse_if_stale(plan, depot.graph, STRANGERS)

    run(depots, checked)
    north_only = {f"GET depots{each}" for each in ("", "/id-1/crates", "/id-1/gates")}
    assert set(depots.requests) == north_only


def test_the_saved_plan_is_read_back_and_carried_out() -> None:
    async def saved_and_applied(depot: Depot) -> tuple[Plan, Plan, tuple[Outcome, ...]]:
        plan = await depot.plan(TEXT)
        schema = {"type": "object"}
        again = read_plan(saved_text(plan), "plan.json", schema, STRANGERS)
        return plan, again, await depot.apply(again)

    plan, again, outcomes = run(north(), saved_and_applied)
    assert plan_document(again) == plan_document(plan)
    assert {outcome.status for outcome in outcomes} == {"done"}


def test_a_reference_that_leads_elsewhere_than_the_plan_says_makes_it_stale() -> None:
    depots = north()
    depots.add("depots", displayName="West")
    depots.named("depots/id-1/gates", "main")["leadsTo"] = {"id": "id-1", "name": "North"}

    async def planned_and_live(depot: Depot) -> tuple[Change, tuple[Observed, ...]]:
        plan = await depot.plan("depot: North\ngates: [{displayName: main, leadsTo: West}]")
        (change,) = plan.changes
        return change, await GATE.api.list(depot.graph, change.parents)

    change, live = run(depots, planned_and_live)
    assert stale_because(GATE, change, live) is None
    (row,) = change.fields
    for before in (ObjectRef("depot", "id-9", "North"), None):
        other = replace(change, fields=(replace(row, before=before),))
        why = stale_because(GATE, other, live)
        assert why is not None
        assert why.code == "changed_since"


def test_drift_shows_what_was_changed_by_hand() -> None:
    depots = north()

    async def changed_by_hand(depot: Depot) -> str:
        await depot.apply(await depot.plan(TEXT))
        depots.named("depots/id-1/gates", "main")["leadsTo"] = {"id": "id-1", "name": "North"}
        depots.named("depots/id-1/crates", "tea")["weight"] = 9
        return plan_text(await depot.plan(TEXT), Wording(drift=True))

    shown = run(depots, changed_by_hand)
    assert "weight: declared 4, live 9" in shown
    assert 'leadsTo: declared "South", live "North"' in shown
    assert shown.splitlines()[-1].startswith("Drift: 0 missing, 2 changed, 1 unmanaged")


def test_planning_an_export_is_empty() -> None:
    async def exported_and_planned(depot: Depot) -> tuple[str, Plan]:
        await depot.apply(await depot.plan(TEXT))
        text = await depot.export()
        return text, await depot.plan(text)

    text, plan = run(north(), exported_and_planned)
    assert (plan.changes, plan.unmanaged) == ((), ()), text
    assert "leadsTo: South" in text
    assert "displayName: rope" in text


@pytest.mark.parametrize("write", [1, 2, 3, 4, 5])
def test_killed_at_any_write_the_next_run_completes_it(write: int) -> None:
    depots = north()
    process: subprocess.Popen[bytes] | None = None
    numbers = itertools.count(1)

    @web.middleware
    async def killing(
        request: web.Request, handler: Callable[..., Awaitable[web.Response]]
    ) -> web.Response:
        number = next(numbers) if request.method != "GET" else 0
        answer = await handler(request)
        if number == write and process is not None:
            os.kill(process.pid, signal.SIGKILL)
        return answer

    async def whole() -> tuple[int, Plan]:
        nonlocal process
        async with served(depots, killing) as url:
            command = [sys.executable, str(HERE / "depot_runs.py"), url, TEXT]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), *sys.path))}
            process = subprocess.Popen(command, env=environment)  # noqa: ASYNC220
            code = await asyncio.to_thread(process.wait, 60)
            process = None
            async with connected(url) as depot:
                await depot.apply(await depot.plan(TEXT))
                return code, await depot.plan(TEXT)

    code, after = asyncio.run(whole())
    assert (code, after.changes) == (-signal.SIGKILL, ())
    names = [each["displayName"] for each in depots.lists["depots"]]
    assert sorted(names) == ["North", "South"]


class Killed(BaseException):
    """In place of SIGKILL."""


@pytest.mark.parametrize("write", range(1, 6))
def test_what_a_killed_run_has_sent_of_any_kind_is_settled_by_the_next(
    write: int, tmp_path: Path
) -> None:
    depots, file, numbers = north(), tmp_path / "journal.jsonl", itertools.count(1)
    target = Target(CONTEXT.tenant_id, graph_host(CONTEXT.graph_url))

    async def killed(depot: Depot) -> None:
        plan = await depot.plan(TEXT)
        with open_journal(file) as kept:

            def record(event: str, **members: Any) -> None:
                kept.record(event, **members)
                if event == "answered" and next(numbers) == write:
                    raise Killed

            record("begin", tenant_id=plan.tenant_id, graph_url=plan.graph_url)
            with pytest.raises(BaseExceptionGroup):
                await apply_plan(plan, Run(depot.graph, STRANGERS, at_once, record=record))

    async def story(depot: Depot) -> tuple[int, Plan]:
        await killed(depot)
        with open_journal(file) as kept:
            in_flight = len(kept.unsettled)
            run = Run(depot.graph, STRANGERS, at_once, record=kept.record)
            assert await settle(kept.unsettled, target, run) == ()
        with open_journal(file) as kept:
            assert kept.unsettled == ()
        await depot.apply(await depot.plan(TEXT))
        return in_flight, await depot.plan(TEXT)

    in_flight, after = run(depots, story)
    assert (in_flight >= 1, after.changes) == (True, ())
    names = [each["displayName"] for each in depots.lists["depots"]]
    assert sorted(names) == ["North", "South"]


def test_who_refers_to_an_object_is_read_on_demand_alone() -> None:
    depots = north()
    on_demand = Kinds((DEPOT, CRATE, replace(GATE, on_demand=True)))
    text = "depot: North\ncrates: [{displayName: tea, weight: 4}]"

    async def planned_and_searched(depot: Depot) -> tuple[Plan, list[str], Referring]:
        await depot.apply(await depot.plan(TEXT))
        depots.requests.clear()
        plan = await depot.plan(text, on_demand)
        of_plan = [*depots.requests]
        (referring,) = await observe_referring(depot.graph, on_demand, "depot", [()])
        return plan, of_plan, referring

    plan, of_plan, referring = run(depots, planned_and_searched)
    assert (plan.changes, len(plan.unmanaged)) == ((), 1)
    assert not [each for each in of_plan if "gates" in each]
    south = ObjectRef("depot", depots.named("depots", "South")["id"], "South")
    (use,) = used_by(referring.objects, south)
    assert (str(use.object), use.path, str(use.parents[0])) == ("main", ("leadsTo",), "North")
    assert used_by(referring.objects, replace(south, id="id-9", display_name="North")) == ()
    assert referring.incomplete is None


@pytest.mark.parametrize("listed", [True, False])
def test_two_ways_of_a_stranger_must_agree_as_well(listed: bool) -> None:
    depots = north()
    north_depot = ObjectRef("depot", "id-1", "North")

    async def all_gates(_graph: Graph) -> list[tuple[Parents, ObjectRef]]:
        gate = depots.named("depots/id-1/gates", "main")
        return [((north_depot,), ObjectRef("gate", gate["id"], None))] if listed else []

    located = replace(GATE, on_demand=True, api=replace(GATE.api, locate=all_gates))
    kinds = Kinds((DEPOT, CRATE, located))
    (referring,) = run(
        depots, lambda depot: observe_referring(depot.graph, kinds, "depot", [(north_depot,)])
    )
    assert [str(each.ref) for each in referring.objects] == ["main"]
    assert (referring.incomplete is None) == listed
    assert listed or "only in their depot" in str(referring.incomplete)


def test_the_order_of_kinds_is_checked() -> None:
    depot, crate, gate = STRANGERS
    check_order(KINDS)
    check_order(STRANGERS)
    for wrong in ((crate, depot, gate), (gate, depot, crate)):
        with pytest.raises(ValueError, match="depot must stand before"):
            check_order(Kinds(wrong))


def test_the_format_has_all_three() -> None:
    assert set(FORMAT.headers) == {"depot"}
    assert set(FORMAT.lists) == {"crates", "gates"}
