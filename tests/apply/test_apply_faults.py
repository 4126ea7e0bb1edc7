"""The outcome of a change when someone else, or Graph, interferes; the plain faults are in
tests/faults.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clock import LIMIT_S
from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    Tenant,
    catalog,
    declare,
    extension,
    tenant,
)
from objects import canonical, catalog_ref, explained, observed_extension

from reconciler.apply.check import stale_because
from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.diff.changes import fingerprint
from reconciler.diff.compare import compare, leaves
from reconciler.errors import RefusedError
from reconciler.kinds.extension import EXTENSION
from reconciler.kinds.extension.api import create
from reconciler.kinds.extension.fields import FIELDS
from reconciler.model.kind import Body
from reconciler.model.plan import Change, FieldChange, Outcome, Precondition
from reconciler.model.reason import reason
from reconciler.model.secrets import without_secrets

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fault = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


def on(method: str, fault: Fault) -> Any:
    """A middleware that lets the fault treat requests of one method; all others pass."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await (fault(request, handler) if request.method == method else handler(request))

    return middleware


def answering(status: int, *, committed: bool, body: str = "") -> Fault:
    """Answers with a status, before or after the write was applied."""

    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        if committed:
            await handler(request)
        return web.Response(status=status, text=body)

    return fault


async def dropped_before(request: web.Request, _handler: Handler) -> web.StreamResponse:
    """Closes the connection before anything is applied."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


Applied = tuple[list[Outcome], list[dict[str, Any]], Tenant]


def carry_out(
    folder: Path, wanted: list[Any], live: list[Any], *faults: Any, between: Any = None
) -> Applied:
    """Plans, lets `between` interfere with the tenant, applies: the outcomes and what is
    live then.
    """

    async def story() -> Applied:
        declare(folder / "desired", {"catalog": "Marketing", "extensions": wanted})
        async with tenant(folder, catalog(extensions=live), faults=faults) as held:
            plan = await held.plan(folder / "desired")
            if between is not None:
                between(held)
            outcomes = await held.apply(plan)
            return list(outcomes), held.store.extensions(), held

    return asyncio.run(story())


@pytest.mark.parametrize(
    "fault", [answering(500, committed=False), answering(504, committed=False), dropped_before]
)
def test_a_create_that_cannot_be_decided_is_unknown(fault: Fault, tmp_path: Path) -> None:
    posts = []

    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        return await fault(request, handler)

    (outcome,), live, held = carry_out(tmp_path, [extension("a")], [], on("POST", counted))
    assert outcome.status == "unknown", explained(outcome)
    assert live == []
    assert len(posts) == 2
    assert "the extension never appeared in the catalog. Could not verify the result." in str(
        explained(outcome)
    )
    assert 'Check "a" in catalog Marketing in the admin center, then run plan.' in str(
        explained(outcome)
    )
    assert held.waits == list(POLL_WAITS_S) * 2


@pytest.mark.parametrize(
    "fault", [answering(500, committed=False), answering(504, committed=False), dropped_before]
)
def test_a_create_that_does_not_show_in_the_whole_window_is_created_again(
    fault: Fault, tmp_path: Path
) -> None:
    posts = []

    async def lost_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        return await (fault if len(posts) == 1 else lambda request, handler: handler(request))(
            request, handler
        )

    (outcome,), live, held = carry_out(tmp_path, [extension("a")], [], on("POST", lost_once))
    assert outcome.status == "done", explained(outcome)
    assert len(live) == 1
    assert len(posts) == 2
    assert outcome.change.object.id == live[0]["id"]
    assert held.waits[: len(POLL_WAITS_S)] == list(POLL_WAITS_S)


def test_a_create_that_shows_late_is_adopted_within_the_window(tmp_path: Path) -> None:
    posts = []

    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        return await answering(504, committed=True)(request, handler)

    async def story() -> tuple[Outcome, int]:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        switches = [f"lag_reads={len(POLL_WAITS_S) - 1}"]
        async with tenant(
            tmp_path, catalog(), switches=switches, faults=[on("POST", counted)]
        ) as held:
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            return outcome, len(held.store.extensions())

    outcome, live_count = asyncio.run(story())
    assert outcome.status == "done", explained(outcome)
    assert live_count == 1
    assert len(posts) == 1


def test_after_a_lost_answer_another_of_the_same_name_is_neither_adopted_nor_doubled(
    tmp_path: Path,
) -> None:
    held_tenants: list[Tenant] = []
    posts = []

    async def lost_to_another(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        held_tenants[0].store.add(
            "extension", {"id": FINANCE, **extension("A", description="theirs")}, MARKETING
        )
        return web.Response(status=500)

    wanted = [extension("a", description="ours")]
    fault = on("POST", lost_to_another)
    (outcome,), live, _ = carry_out(tmp_path, wanted, [], fault, between=held_tenants.append)
    assert outcome.status == "unknown", explained(outcome)
    assert len(live) == 1
    assert len(posts) == 1
    assert FINANCE in str(explained(outcome))


def test_a_duplicate_of_what_was_just_created_is_reported_at_once(tmp_path: Path) -> None:
    held_tenants: list[Tenant] = []

    async def beside_another(request: web.Request, handler: Handler) -> web.StreamResponse:
        occupy(held_tenants[0])
        return await handler(request)

    fault = on("POST", beside_another)
    (outcome,), live, _ = carry_out(
        tmp_path, [extension("a")], [], fault, between=held_tenants.append
    )
    assert outcome.status == "failed", explained(outcome)
    assert len(live) == 2
    assert all(item["id"] in str(explained(outcome)) for item in live)


def test_a_failed_poll_is_skipped(tmp_path: Path) -> None:
    written = []
    blind = iter([500, 500, 500, 403])

    @web.middleware
    async def lost_and_blind_for_a_while(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if request.method == "POST":
            written.append(request.path)
            return await answering(502, committed=True)(request, handler)
        status = next(blind, None) if written else None
        return await handler(request) if status is None else web.Response(status=status)

    (outcome,), live, _ = carry_out(tmp_path, [extension("a")], [], lost_and_blind_for_a_while)
    assert outcome.status == "done", explained(outcome)
    assert len(live) == 1, explained(outcome)
    assert len(written) == 1, explained(outcome)


def test_a_create_that_was_throttled_is_sent_again(tmp_path: Path) -> None:
    answers = iter([429, 429])

    async def throttled(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = next(answers, None)
        return (
            await handler(request)
            if status is None
            else web.Response(status=status, headers={"Retry-After": "7"})
        )

    (outcome,), live, held = carry_out(tmp_path, [extension("a")], [], on("POST", throttled))
    assert outcome.status == "done", explained(outcome)
    assert len(live) == 1
    assert held.waits[:2] == [7.0, 7.0]


def test_an_update_that_cannot_be_decided_is_unknown(tmp_path: Path) -> None:
    changed = extension("a", description="new")
    fault = on("PUT", answering(500, committed=False))
    (outcome,), live, _ = carry_out(tmp_path, [changed], [extension("a")], fault)
    assert (outcome.status, live[0]["description"]) == ("unknown", None)
    assert f"Check {live[0]['id']} in the admin center, then run plan." in str(explained(outcome))


def edit(**properties: Any) -> Callable[[Tenant], None]:
    """Someone edits the live extension."""

    def between(held: Tenant) -> None:
        (row,) = held.store.rows("extension")
        held.store.change("extension", row, row.document | properties)

    return between


def occupy(held: Tenant) -> None:
    """Someone creates an extension of the same name, in another case."""
    other = {"id": FINANCE, **extension("A")}
    held.store.add("extension", other, MARKETING)


def test_a_live_edit_since_the_plan_stops_the_update(tmp_path: Path) -> None:
    changed = extension("a", description="new")
    (outcome,), live, _ = carry_out(
        tmp_path, [changed], [extension("a")], between=edit(description="theirs")
    )
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert live[0]["description"] == "theirs"
    assert "was changed after the plan was made; nothing was written, run plan again" in str(
        explained(outcome)
    )


def test_a_name_taken_since_the_plan_stops_the_create(tmp_path: Path) -> None:
    (outcome,), live, _ = carry_out(tmp_path, [extension("a")], [], between=occupy)
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert len(live) == 1


def test_one_of_another_type_is_no_earlier_result_of_the_create() -> None:
    theirs = observed_extension({"id": FINANCE, **extension("a", ASSIGNMENT)})
    ours = replace(theirs.ref, id=None, type=FIELDS.short_type(REQUEST))
    create_a = Change(
        action="create",
        object=ours,
        parents=(catalog_ref(MARKETING, "Marketing"),),
        reason=reason("not_live"),
        fields=leaves(canonical(extension("a"))),
        precondition=Precondition(exists=False),
    )
    assert stale_because(EXTENSION, create_a, [theirs]) == reason("name_taken", id=FINANCE)
    same_type = replace(theirs, ref=replace(theirs.ref, type=ours.type))
    assert stale_because(EXTENSION, create_a, [same_type]) == reason("already_applied", id=FINANCE)


def test_an_extension_deleted_since_the_plan_stops_the_update(tmp_path: Path) -> None:
    def delete(held: Tenant) -> None:
        (row,) = held.store.rows("extension")
        held.store.remove("extension", row.id)

    (outcome,), live, _ = carry_out(
        tmp_path, [extension("a", description="new")], [extension("a")], between=delete
    )
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert live == []
    assert "no longer exists" in str(explained(outcome))


def test_a_dropped_value_is_reported_not_repeated(tmp_path: Path) -> None:
    puts = []

    async def forgetful(request: web.Request, handler: Handler) -> web.StreamResponse:
        puts.append(await request.json())
        return web.json_response(
            {"id": "x", "@odata.type": puts[-1]["@odata.type"], "displayName": "a"}
        )

    changed = extension("a", description="new")
    (outcome,), _, _ = carry_out(tmp_path, [changed], [extension("a")], on("PUT", forgetful))
    assert outcome.status == "failed", explained(outcome)
    assert len(puts) == 1
    assert "accepted the request but dropped description" in str(explained(outcome))


@pytest.mark.parametrize("kept", ["as_sent", "null", "empty"])
@pytest.mark.parametrize("description", ["", None])
def test_a_text_is_cleared_whatever_the_service_keeps_of_it(
    kept: str, description: str | None, tmp_path: Path
) -> None:
    wanted = [extension("a", description=description), extension("b", description=description)]

    async def story() -> tuple[list[str], tuple[Change, ...]]:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": wanted})
        live = catalog(extensions=[extension("a", description="former")])
        async with tenant(tmp_path, live, switches=[f"empty_text={kept}"]) as held:
            outcomes = await held.apply(await held.plan(tmp_path / "desired"))
            return [outcome.status for outcome in outcomes], (
                await held.plan(tmp_path / "desired")
            ).changes

    statuses, planned_again = asyncio.run(story())
    assert statuses == ["done", "done"]
    assert planned_again == ()


def test_an_empty_text_in_the_place_of_null_makes_no_plan_stale() -> None:
    live = extension("a", id="x", description=None)
    emptied = extension("a", id="x", description="")
    emptied["endpointConfiguration"]["url"] = ""
    assert fingerprint(EXTENSION, observed_extension(emptied)) == fingerprint(
        EXTENSION, observed_extension(live)
    )
    assert fingerprint(EXTENSION, observed_extension(live)) != fingerprint(
        EXTENSION, observed_extension(live | {"description": "d"})
    )


def test_an_empty_address_is_no_address(tmp_path: Path) -> None:
    async def story() -> list[tuple[str, str | None]]:
        declare(
            tmp_path / "desired",
            {"catalog": "Marketing", "extensions": [extension("a", description="new")]},
        )
        async with tenant(tmp_path, catalog(extensions=[extension("a")])) as held:
            (row,) = held.store.rows("extension")
            endpoint = row.document["endpointConfiguration"] | {"url": ""}
            held.store.change("extension", row, row.document | {"endpointConfiguration": endpoint})
            outcomes = await held.apply(await held.plan(tmp_path / "desired"))
            return [(outcome.status, explained(outcome)) for outcome in outcomes]

    assert asyncio.run(story()) == [("done", "")]


def test_a_url_that_still_leads_to_the_former_logic_app_is_reported(tmp_path: Path) -> None:
    held_stores: list[Tenant] = []

    async def keeps_url(request: web.Request, handler: Handler) -> web.StreamResponse:
        (row,) = held_stores[0].store.rows("extension")
        former = row.document["endpointConfiguration"]["url"]
        body = await request.json()
        assert "url" not in body["endpointConfiguration"]
        endpoint = body["endpointConfiguration"] | {"url": former}
        document = row.document | {"endpointConfiguration": endpoint}
        held_stores[0].store.change("extension", row, document)
        return web.json_response(document)

    moved = extension("a")
    moved["endpointConfiguration"]["logicAppWorkflowName"] = "elsewhere"
    (outcome,), _, _ = carry_out(
        tmp_path, [moved], [extension("a")], on("PUT", keeps_url), between=held_stores.append
    )
    assert outcome.status == "failed"
    assert "accepted the request but dropped endpointConfiguration/url" in str(explained(outcome))


def test_a_refused_token_fails_one_change_and_skips_the_rest(tmp_path: Path) -> None:
    wanted = [extension(name) for name in "abc"]
    outcomes, live, _ = carry_out(tmp_path, wanted, [], on("POST", answering(401, committed=False)))
    assert [outcome.status for outcome in outcomes] == ["failed", "skipped", "skipped"]
    assert {explained(outcome) for outcome in outcomes[1:]} == {
        "the access token was rejected earlier in this run"
    }
    assert live == []


def test_a_failure_stops_neither_its_catalog_nor_the_others(tmp_path: Path) -> None:
    async def picky(request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = (await request.json())["displayName"] == "b"
        return web.Response(status=400, text="no") if refused else await handler(request)

    wanted = [extension(name) for name in "abc"]
    outcomes, live, _ = carry_out(tmp_path, wanted, [], on("POST", picky))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    assert [item["displayName"] for item in live] == ["a", "c"]


def test_writes_of_one_catalog_follow_each_other_and_catalogs_run_side_by_side(
    tmp_path: Path,
) -> None:
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    together = []

    async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = request.path.split("/")[5]
        running[name] = running.get(name, 0) + 1
        most[name] = max(most.get(name, 0), running[name])
        together.append(sum(running.values()))
        for _ in range(50):
            await asyncio.sleep(0)
        running[name] -= 1
        return await handler(request)

    async def story() -> None:
        wanted = [extension(name) for name in "abcd"]
        declare(
            tmp_path / "desired",
            {"catalog": "Marketing", "extensions": wanted},
            {"catalog": "Finance", "extensions": wanted},
        )
        held_catalogs = [catalog(), catalog("Finance", FINANCE)]
        async with tenant(tmp_path, *held_catalogs, faults=[on("POST", watched)]) as held:
            outcomes = await held.apply(await held.plan(tmp_path / "desired"))
            assert [outcome.status for outcome in outcomes] == ["done"] * 8

    asyncio.run(story())
    assert set(most.values()) == {1}
    assert len(most) == 2
    assert max(together) == 2


def test_no_more_catalogs_are_worked_on_at_once_than_requests_may_be_in_flight(
    tmp_path: Path,
) -> None:
    looked: set[str] = set()
    begun: set[str] = set()
    most: list[int] = []

    @web.middleware
    async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
        catalog_id = request.match_info.get("catalog", "")
        if most:
            # A second GET of a catalog is the read-back of what was written.
            (looked.discard if request.method == "POST" or catalog_id in begun else looked.add)(
                catalog_id
            )
            begun.add(catalog_id)
            most.append(len(looked))
        return await handler(request)

    async def story() -> None:
        ids = {f"C{number}": f"{MARKETING[:-2]}{number}" for number in range(10, 40)}
        declare(
            tmp_path / "desired",
            *({"catalog": name, "extensions": [extension("a")]} for name in ids),
        )
        served = [catalog(name, catalog_id) for name, catalog_id in ids.items()]
        async with tenant(tmp_path, *served, faults=[watched]) as held:
            plan = await held.plan(tmp_path / "desired")
            most.append(0)
            outcomes = await held.apply(plan)
            assert {outcome.status for outcome in outcomes} == {"done"}

    asyncio.run(story())
    assert len(most) == 1 + 3 * 30
    assert max(most) <= 8


def test_a_plan_sends_nothing_but_get_and_the_transport_lets_nothing_else_out(
    tmp_path: Path,
) -> None:
    seen: list[str] = []

    @web.middleware
    async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
        seen.append(request.method)
        return await handler(request)

    async def story() -> None:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(tmp_path, catalog(), faults=[record]) as held:
            await held.plan(tmp_path / "desired")
            assert set(seen) == {"GET"}
            parents = (catalog_ref(MARKETING, "Marketing"),)
            request = create(held.graph, parents, Body(extension("a")))
            with pytest.raises(
                RefusedError,
                match="Refused to send POST: writes are locked until a plan is approved",
            ):
                await held.graph.attempt(held.graph.sending(request))
            assert set(seen) == {"GET"}
            assert held.store.extensions() == []

    asyncio.run(story())


def test_a_listing_that_leaves_nulls_out_makes_nothing_stale(tmp_path: Path) -> None:
    async def sparse(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        assert isinstance(answer, web.Response) and answer.text is not None
        body = json.loads(answer.text)
        items = [
            {name: value for name, value in item.items() if value is not None}
            for item in body.get("value", [])
        ]
        return web.json_response(body | {"value": items}) if "value" in body else answer

    changed = extension("a", description="new")
    (outcome,), live, _ = carry_out(tmp_path, [changed], [extension("a")], on("GET", sparse))
    assert (outcome.status, live[0]["description"]) == ("done", "new"), explained(outcome)


def test_the_outcome_of_a_create_names_the_new_id(tmp_path: Path) -> None:
    (outcome,), live, _ = carry_out(tmp_path, [extension("a")], [])
    assert outcome.change.object.id == live[0]["id"]


def test_a_create_is_not_sent_again_once_someone_took_the_name_during_the_wait(
    tmp_path: Path,
) -> None:
    held_tenants: list[Tenant] = []

    async def throttled_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        if held_tenants[0].store.extensions():
            return await handler(request)
        occupy(held_tenants[0])
        return web.Response(status=429, headers={"Retry-After": "120"})

    fault = on("POST", throttled_once)
    (outcome,), live, _ = carry_out(
        tmp_path, [extension("a")], [], fault, between=held_tenants.append
    )
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert len(live) == 1


@pytest.mark.parametrize(("status", "expected"), [(429, "failed"), (503, "unknown")])
def test_an_update_is_not_sent_again_over_another_runs_edit(
    status: int, expected: str, tmp_path: Path
) -> None:
    held_tenants: list[Tenant] = []
    puts = []

    async def throttled(request: web.Request, _handler: Handler) -> web.StreamResponse:
        puts.append(request.path)
        edit(description="theirs")(held_tenants[0])
        return web.Response(status=status, headers={"Retry-After": "3"})

    changed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    fault = on("PUT", throttled)
    (outcome,), live, _ = carry_out(
        tmp_path, [changed], [extension("a")], fault, between=held_tenants.append
    )
    assert outcome.status == expected, explained(outcome)
    assert live[0]["description"] == "theirs", explained(outcome)
    assert len(puts) == 1, explained(outcome)


def test_a_refusal_does_not_settle_the_doubt_about_an_earlier_attempt(tmp_path: Path) -> None:
    answers = iter([503, 403])

    async def lost_then_refused(request: web.Request, _handler: Handler) -> web.StreamResponse:
        return web.Response(status=next(answers))

    changed = extension("a", description="new")
    (outcome,), live, _ = carry_out(
        tmp_path, [changed], [extension("a")], on("PUT", lost_then_refused)
    )
    assert (outcome.status, live[0]["description"], next(answers, None)) == ("unknown", None, None)


def test_an_update_that_an_earlier_attempt_carried_out_is_not_sent_again(tmp_path: Path) -> None:
    puts = []

    async def committed_but_503(request: web.Request, handler: Handler) -> web.StreamResponse:
        puts.append(request.path)
        await handler(request)
        return web.Response(status=503)

    changed = extension("a", description="new")
    (outcome,), live, _ = carry_out(
        tmp_path, [changed], [extension("a")], on("PUT", committed_but_503)
    )
    assert outcome.status == "done", explained(outcome)
    assert live[0]["description"] == "new"
    assert len(puts) == 1


def test_a_rename_needs_a_name_that_is_still_free(tmp_path: Path) -> None:
    def taken(held: Tenant) -> None:
        held.store.add("extension", {"id": MARKETING[:-1] + "0", **extension("NEW")}, MARKETING)

    pinned = {"id": FINANCE, **extension("new")}
    (outcome,), live, _ = carry_out(
        tmp_path, [pinned], [{"id": FINANCE, **extension("old")}], between=taken
    )
    assert outcome.status == "failed", explained(outcome)
    assert outcome.stale
    assert sorted(item["displayName"] for item in live) == ["NEW", "old"]


def test_a_rename_in_case_alone_does_not_report_the_duplicates_of_before(tmp_path: Path) -> None:
    duplicates = [{"id": FINANCE, **extension("a")}, {"id": MARKETING[:-1] + "0", **extension("a")}]
    (outcome,), live, _ = carry_out(tmp_path, [{"id": FINANCE, **extension("A")}], duplicates)
    assert (outcome.change.action, outcome.status) == ("rename", "done"), explained(outcome)
    assert sorted(item["displayName"] for item in live) == ["A", "a"]


def test_a_timeout_that_graph_confirmed_is_not_sent_under_the_other_name(tmp_path: Path) -> None:
    async def story() -> tuple[Outcome, list[str]]:
        bodies: list[str] = []

        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            bodies.append(await request.text())
            return await handler(request)

        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [timed]})
        switches = ["timeout_accept=timeoutDuration", "timeout_other=ignore", "lag_reads=40"]
        async with tenant(
            tmp_path,
            catalog(extensions=[extension("a")]),
            switches=switches,
            faults=[on("PUT", record)],
        ) as held:
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            return outcome, bodies

    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    outcome, bodies = asyncio.run(story())
    assert len(bodies) == 1
    assert "durationBeforeTimeout" not in bodies[0]
    assert outcome.status == "unknown"
    assert "reads still return the old values" in str(explained(outcome))


def test_a_carried_timeout_goes_back_under_the_name_it_came_with(tmp_path: Path) -> None:
    async def story() -> list[dict[str, Any]]:
        bodies: list[dict[str, Any]] = []

        async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
            bodies.append(await request.json())
            return await handler(request)

        declare(
            tmp_path / "desired",
            {"catalog": "Marketing", "extensions": [extension("a", description="new")]},
        )
        timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
        old = [
            "timeout_answer=durationBeforeTimeout",
            "timeout_accept=durationBeforeTimeout",
            "timeout_other=ignore",
        ]
        fault = on("PUT", record)
        async with tenant(
            tmp_path, catalog(extensions=[timed]), switches=old, faults=[fault]
        ) as held:
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            assert outcome.status == "done"
            assert held.store.extensions()[0]["callbackConfiguration"]["timeoutDuration"] == "PT2H"
        return bodies

    (body,) = asyncio.run(story())
    assert body["callbackConfiguration"]["durationBeforeTimeout"] == "PT2H"


@pytest.mark.parametrize("kept", [True, False])
def test_undocumented_properties_are_warned_of_and_their_loss_is_a_failure(
    kept: bool, tmp_path: Path
) -> None:
    newer = {"behaviorOnError": {"@odata.type": "#x", "retries": 3}, "newer": ["b", 1]}
    held_tenants: list[Tenant] = []

    async def keeps_or_not(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        edit(**(newer if kept else dict.fromkeys(newer)))(held_tenants[0])
        return answer

    async def story() -> tuple[list[str], Outcome]:
        declare(
            tmp_path / "desired",
            {"catalog": "Marketing", "extensions": [extension("a", description="new")]},
        )
        fault = on("PUT", keeps_or_not)
        async with tenant(tmp_path, catalog(extensions=[extension("a")]), faults=[fault]) as held:
            held_tenants.append(held)
            edit(**newer)(held)
            plan = await held.plan(tmp_path / "desired")
            (outcome,) = await held.apply(plan)
            return [finding.code for finding in plan.diagnostics], outcome

    codes, outcome = asyncio.run(story())
    assert codes == ["R304"]
    assert outcome.status == ("done" if kept else "failed")
    assert kept or "removed behaviorOnError, newer" in str(explained(outcome))


@pytest.mark.parametrize("status", [500, 403, 401])
@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_a_write_that_cannot_be_read_back_is_unknown(
    status: int, write: str, tmp_path: Path
) -> None:
    written: list[str] = []

    @web.middleware
    async def blind_after_the_write(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == write:
            written.append(request.path)
            return await handler(request)
        return web.Response(status=status) if written else await handler(request)

    live_before = [extension("a")] if write == "PUT" else []
    wanted = [extension("a", description="new")]
    (outcome,), live, _ = carry_out(tmp_path, wanted, live_before, blind_after_the_write)
    assert outcome.status == "unknown", explained(outcome)
    assert len(live) == 1, explained(outcome)
    assert len(written) == 1, explained(outcome)
    assert live[0]["id"] in str(explained(outcome))
    assert outcome.request_id


def test_a_created_extension_that_stays_invisible_is_unknown_not_failed(tmp_path: Path) -> None:
    async def story() -> Outcome:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(tmp_path, catalog(), switches=["lag_reads=40"]) as held:
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            return outcome

    outcome = asyncio.run(story())
    assert outcome.status == "unknown"
    assert str(outcome.change.object.id) in str(explained(outcome))


def test_a_bug_in_one_change_does_not_end_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> list[tuple[str, str]]:
        declare(
            tmp_path / "desired",
            {"catalog": "Marketing", "extensions": [extension("a"), extension("b")]},
            {"catalog": "Finance", "extensions": [extension("c")]},
        )
        async with tenant(tmp_path, catalog(), catalog("Finance", FINANCE)) as held:
            plan = await held.plan(tmp_path / "desired")
            broken = tuple(
                (
                    replace(one, fields=(*one.fields, FieldChange((), None, 1)))
                    if one.object.display_name == "a"
                    else one
                )
                for one in plan.changes
            )
            outcomes = await held.apply(replace(plan, changes=broken))
            return [(one.change.object.display_name, one.status) for one in outcomes]

    assert dict(asyncio.run(story())) == {"a": "unknown", "b": "done", "c": "done"}


def test_a_live_list_is_compared_as_a_whole() -> None:
    newer = {"@odata.type": "newer", "scopes": ["sig=AbC", "b"]}
    live = FIELDS.observed({"authenticationConfiguration": newer})
    pop = {"@odata.type": "azureAdPopTokenAuthentication"}
    rows = compare(FIELDS, FIELDS.canonical({"authenticationConfiguration": pop}), live)
    assert ("authenticationConfiguration", "scopes") in [row.path for row in rows]
    lists = compare(FIELDS, {("description",): ["a", "b"]}, {("description",): ["a", "c"]})
    assert [(row.path, row.before) for row in lists] == [(("description",), ["a", "c"])]
    hidden = without_secrets(["sig=AbC", {"x": "sig=AbC"}], tenant_id="t", object_id="e")
    assert "AbC" not in str(hidden)


def test_the_other_timeout_name_is_not_repeated_over_another_runs_edit(tmp_path: Path) -> None:
    held_tenants: list[Tenant] = []
    bodies = []

    async def second_is_throttled(request: web.Request, handler: Handler) -> web.StreamResponse:
        bodies.append(await request.text())
        if len(bodies) != 2:
            return await handler(request)
        edit(description="theirs")(held_tenants[0])
        return web.Response(status=429, headers={"Retry-After": "200"})

    async def story() -> Outcome:
        timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [timed]})
        switches = ["timeout_accept=durationBeforeTimeout", "timeout_other=ignore"]
        fault = on("PUT", second_is_throttled)
        live = extension("a", description="ours")
        async with tenant(
            tmp_path, catalog(extensions=[live]), switches=switches, faults=[fault]
        ) as held:
            held_tenants.append(held)
            (outcome,) = await held.apply(await held.plan(tmp_path / "desired"))
            assert held.store.extensions()[0]["description"] == "theirs"
        return outcome

    outcome = asyncio.run(story())
    assert outcome.status == "failed", explained(outcome)
    assert len(bodies) == 2
    assert "durationBeforeTimeout failed too" in str(explained(outcome))


def test_a_secret_inside_a_removed_list_does_not_make_its_change_stale() -> None:
    live = observed_extension(
        {
            "id": "x",
            **extension("a"),
            "authenticationConfiguration": {"@odata.type": "#newer", "keys": ["sig=AbC"]},
        }
    )
    row = FieldChange(("authenticationConfiguration", "keys"), ["sig=AbC"], None)
    hidden = without_secrets(row.before, tenant_id="t", object_id="x", path=row.path)
    change = Change(
        action="update",
        object=live.ref,
        parents=(catalog_ref(MARKETING, "Marketing"),),
        reason=reason("properties_differ"),
        fields=(replace(row, before=hidden),),
        precondition=Precondition(exists=True, fingerprint=fingerprint(EXTENSION, live)),
    )
    assert "AbC" not in str(change)
    assert stale_because(EXTENSION, change, [live]) is None
    assert (
        stale_because(EXTENSION, replace(change, fields=(replace(row, before=["other"]),)), [live])
        is not None
    )


def settled_after(
    folder: Path, *, lag_reads: int, live: list[Any], method: str, faults: list[Fault]
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Applies a change of "a", whose attempts meet these faults: the outcome, and what is live."""
    left = iter(faults)

    async def next_fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await next(left)(request, handler)

    async def story() -> tuple[Outcome, list[dict[str, Any]]]:
        wanted = [extension("a", description="new")]
        declare(folder / "desired", {"catalog": "Marketing", "extensions": wanted})
        switches = (f"lag_reads={lag_reads}",)
        middleware = on(method, next_fault)
        seeded = catalog(extensions=live)
        async with tenant(folder, seeded, switches=switches, faults=[middleware]) as held:
            (outcome,) = await held.apply(await held.plan(folder / "desired"))
            return outcome, held.store.extensions()

    return asyncio.run(story())


def test_an_update_that_shows_after_its_refused_repetition_is_done(tmp_path: Path) -> None:
    # The check before the second attempt still shows the old value, and so does the first poll.
    outcome, live = settled_after(
        tmp_path,
        lag_reads=2,
        live=[extension("a", description="old")],
        method="PUT",
        faults=[answering(500, committed=True), answering(403, committed=False)],
    )
    assert outcome.status == "done", explained(outcome)
    assert "a read-back shows that Graph applied it" in str(explained(outcome))
    assert live[0]["description"] == "new"


def test_a_create_that_shows_after_its_refused_repetition_is_adopted(tmp_path: Path) -> None:
    outcome, live = settled_after(
        tmp_path,
        lag_reads=len(POLL_WAITS_S) + 1,
        live=[],
        method="POST",
        faults=[answering(500, committed=True), answering(403, committed=False)],
    )
    assert outcome.status == "done", explained(outcome)
    assert outcome.change.object.id == live[0]["id"]
    assert len(live) == 1


def test_an_update_is_read_back_when_the_check_before_its_repetition_fails(tmp_path: Path) -> None:
    sent: list[str] = []

    @web.middleware
    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        sent.append(request.method)
        if request.method == "PUT":
            return await answering(500, committed=True)(request, handler)
        failed = sent[sent.index("PUT") :].count("GET") if "PUT" in sent else 0
        if 1 <= failed <= 3:  # the check with both of its retries
            return await answering(500, committed=False)(request, handler)
        return await handler(request)

    wanted, live = [extension("a", description="new")], [extension("a", description="old")]
    (outcome,), _, _ = carry_out(tmp_path, wanted, live, fault)
    assert outcome.status == "done", explained(outcome)
    assert sent.count("PUT") == 1


def test_a_change_does_not_wait_for_a_later_one_of_its_own_scope(tmp_path: Path) -> None:
    # No plan contains this, but a saved plan may have been altered.
    async def story() -> list[str]:
        wanted = [extension("a"), extension("b")]
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": wanted})
        async with tenant(tmp_path, catalog()) as held:
            plan = await held.plan(tmp_path / "desired")
            first, second = plan.changes
            row = FieldChange(("description",), None, second.object)
            first = replace(first, fields=(*first.fields, row))
            applying = held.apply(replace(plan, changes=(first, second)))
            return [outcome.status for outcome in await asyncio.wait_for(applying, LIMIT_S)]

    assert asyncio.run(story()) == ["skipped", "done"]
