"""Catalogs that documents declare: created, updated by what differs, renamed by id, never guessed
to be absent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from harness import FINANCE, MARKETING, Json, Tenant, catalog, declare, extension, tenant
from objects import because, explained

from reconciler.app.kinds import KINDS
from reconciler.apply.stale import refuse_if_stale
from reconciler.errors import StalePlanError
from reconciler.model.plan import Outcome, Plan

T = TypeVar("T")
GENERAL = "77d1fe5b-1f4f-4a0c-8f2c-7b6a5e4d3c20"
WHOLE = {
    "displayName": "Campaigns",
    "description": "Everything for campaigns",
    "isExternallyVisible": False,
    "state": "unpublished",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Requests:
    """Every request that arrived, and the bodies of writes."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.bodies: list[Json] = []

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.partition("entitlementManagement")[2]
        self.seen.append(f"{request.method} {path}{'?filter' if request.query else ''}")
        if request.method != "GET":
            self.bodies.append(await request.json())
        return await handler(request)


def told(
    folder: Path,
    story: Callable[[Tenant], Awaitable[T]],
    *catalogs: Json,
    faults: Sequence[Any] = (),
    switches: Sequence[str] = (),
) -> T:
    """What the story comes to in a tenant with these catalogs."""

    async def whole() -> T:
        async with tenant(folder, *catalogs, faults=faults, switches=switches) as held:
            return await story(held)

    return asyncio.run(whole())


async def planned(held: Tenant, folder: Path) -> Plan:
    return await held.plan(folder / "desired")


async def applied(held: Tenant, folder: Path) -> tuple[Plan, tuple[Outcome, ...], Plan]:
    """The plan, its outcomes, and the plan after them."""
    plan = await held.plan(folder / "desired")
    return plan, await held.apply(plan), await held.plan(folder / "desired")


def done(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    assert {outcome.status for outcome in outcomes} <= {"done"}, outcomes
    return [(each.change.action, str(each.change.object)) for each in outcomes]


def codes(plan: Plan) -> dict[str, str]:
    return {str(change.object): change.reason.code for change in plan.blocked}


def live(held: Tenant) -> dict[str, Json]:
    return {each["displayName"]: each for each in held.store.catalogs()}


@pytest.mark.parametrize("members", [{}, {"description": "x"}, WHOLE])
def test_a_catalog_is_created_with_what_it_contains(members: Json, tmp_path: Path) -> None:
    requests, whole = Requests(), {"displayName": "Campaigns", **members}
    declare(tmp_path / "desired", {"catalog": whole, "extensions": [extension("a")]})

    async def story(held: Tenant) -> None:
        plan, outcomes, after = await applied(held, tmp_path)
        assert [scope.read for scope in plan.scopes] == ["to_create"]
        assert plan.complete
        assert done(outcomes) == [("create", "Campaigns"), ("create", "a")]
        assert after.changes == ()
        assert requests.bodies[0] == whole
        new = live(held)["Campaigns"]
        assert [each["displayName"] for each in held.store.extensions(new["id"])] == ["a"]
        assert len(requests.bodies) == 2

    told(tmp_path, story, catalog(), faults=[requests.watch])


def test_a_catalog_alone_needs_no_list(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": WHOLE})

    async def story(held: Tenant) -> None:
        _, outcomes, after = await applied(held, tmp_path)
        assert done(outcomes) == [("create", "Campaigns")]
        assert (after.changes, after.summary["unchanged"]) == ((), 1)

    told(tmp_path, story, catalog())


def test_an_update_sends_only_what_differs(tmp_path: Path) -> None:
    requests = Requests()
    held_before = {**catalog(), "description": "old", "state": "published"}
    document = {"catalog": {"displayName": "Marketing", "state": "published", "description": "new"}}
    declare(tmp_path / "desired", document)

    async def story(held: Tenant) -> None:
        before = live(held)["Marketing"]
        plan, outcomes, after = await applied(held, tmp_path)
        (change,) = plan.changes
        assert (change.action, change.object.id, change.parents) == ("update", MARKETING, ())
        assert [(row.path, row.before, row.after) for row in change.fields] == [
            (("description",), "old", "new")
        ]
        assert done(outcomes) == [("update", "Marketing")]
        assert requests.bodies == [{"description": "new"}]
        assert after.changes == ()
        changed = live(held)["Marketing"]
        assert {key for key in before if before[key] != changed[key]} == {
            "description",
            "modifiedDateTime",
        }

    told(tmp_path, story, held_before, faults=[requests.watch])


@pytest.mark.parametrize("cleared", [None, ""])
def test_a_description_is_cleared(cleared: str | None, tmp_path: Path) -> None:
    requests = Requests()
    declare(tmp_path / "desired", {"catalog": {"displayName": "Marketing", "description": cleared}})

    async def story(held: Tenant) -> None:
        assert done((await applied(held, tmp_path))[1]) == [("update", "Marketing")]
        assert requests.bodies == [{"description": None}]
        assert (await planned(held, tmp_path)).changes == ()

    told(tmp_path, story, {**catalog(), "description": "old"}, faults=[requests.watch])


def test_members_that_are_not_written_are_left_alone(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": {"displayName": "Marketing"}})
    odd = {**catalog(), "description": "old", "state": "unpublished", "isExternallyVisible": True}
    plan = told(tmp_path, lambda held: planned(held, tmp_path), odd)
    assert (plan.changes, plan.summary["unchanged"]) == ((), 1)


def test_a_catalog_is_renamed_by_its_id_and_every_document_finds_it(tmp_path: Path) -> None:
    requests = Requests()
    declare(
        tmp_path / "desired",
        {"catalog": {"id": MARKETING.upper(), "displayName": "Campaigns"}},
        {"catalog": "campaigns", "extensions": [extension("a")]},
        {"catalog": {"id": MARKETING}, "extensions": [extension("b")]},
        {"catalog": {"displayName": "Campaigns", "description": "x"}},
    )

    async def story(held: Tenant) -> None:
        plan, outcomes, after = await applied(held, tmp_path)
        assert because(plan.changes[0]) == (
            'it is pinned by id and its live name is "Marketing"; 1 of 2 declared properties'
            " differs"
        )
        assert done(outcomes) == [("rename", "Campaigns"), ("create", "a"), ("create", "b")]
        assert requests.bodies[0] == {"displayName": "Campaigns", "description": "x"}
        assert after.changes == ()
        assert set(live(held)) == {"Campaigns", "Finance"}

    told(tmp_path, story, catalog(), catalog("Finance", FINANCE), faults=[requests.watch])


def test_a_rename_to_a_name_that_is_taken_is_blocked(tmp_path: Path) -> None:
    declare(
        tmp_path / "desired",
        {"catalog": {"id": MARKETING, "displayName": "FINANCE"}, "extensions": [extension("a")]},
    )
    finance = catalog("Finance", FINANCE)
    plan = told(tmp_path, lambda held: planned(held, tmp_path), catalog(), finance)
    assert codes(plan) == {"FINANCE": "new_name_taken"}
    assert [str(change.object) for change in plan.pending] == ["a"]


@pytest.mark.parametrize("wanted", [{"displayName": "a", "ensure": "absent"}, extension("b")])
@pytest.mark.parametrize(
    ("others", "why"),
    [
        ([], "new_name_taken"),
        ([{"id": FINANCE, "displayName": "Marketing"}], "renames_in_a_circle"),
        ([{"id": FINANCE, "displayName": "General"}], "name_not_freed"),
    ],
)
def test_while_a_rename_is_blocked_nothing_is_written_under_the_new_name(
    others: list[Json], why: str, wanted: Json, tmp_path: Path
) -> None:
    """The name is still that of another catalog, which may be the one that the document means."""
    pinned = {"catalog": {"id": MARKETING, "displayName": "Finance"}}
    by_name = {"catalog": "Finance", "extensions": [wanted]}
    declare(tmp_path / "desired", pinned, by_name, *({"catalog": each} for each in others))
    live = [catalog(extensions=[extension("a")]), catalog("Finance", FINANCE)]
    plan = told(tmp_path, lambda held: planned(held, tmp_path), *live, catalog("General", GENERAL))
    assert plan.pending == ()
    assert codes(plan)["Finance"] == why
    assert codes(plan)[wanted["displayName"]] == "parent_blocked"


@pytest.mark.parametrize("chain", [False, True])
def test_renames_in_a_chain_are_planned_and_in_a_circle_they_are_blocked(
    chain: bool, tmp_path: Path
) -> None:
    names = {MARKETING: "Finance", FINANCE: "Sales" if chain else "Marketing"}
    documents = [{"catalog": {"id": key, "displayName": name}} for key, name in names.items()]
    declare(tmp_path / "desired", *documents)
    finance = catalog("Finance", FINANCE)
    plan = told(tmp_path, lambda held: planned(held, tmp_path), catalog(), finance)
    blocked = dict.fromkeys(("Finance", "Marketing"), "renames_in_a_circle")
    assert codes(plan) == ({} if chain else blocked)


def test_a_pinned_catalog_that_is_not_live_is_never_created(tmp_path: Path) -> None:
    declare(
        tmp_path / "desired",
        {"catalog": {"id": FINANCE, "displayName": "Finance"}, "extensions": [extension("a")]},
    )
    plan = told(tmp_path, lambda held: planned(held, tmp_path), catalog())
    assert codes(plan) == {"Finance": "pinned_id_absent", "a": "parent_absent"}
    assert plan.diagnostics == ()


def test_a_catalog_that_alone_is_declared_is_reported_once(tmp_path: Path) -> None:
    declare(
        tmp_path / "desired",
        {"catalog": {"id": FINANCE, "displayName": "Finance"}},
        {"catalog": {"displayName": "Twin"}},
        {"catalog": "Nobody", "extensions": []},
    )
    twins = [catalog("Twin", MARKETING[:-1] + end) for end in "12"]
    plan = told(tmp_path, lambda held: planned(held, tmp_path), *twins)
    assert codes(plan) == {"Finance": "pinned_id_absent", "Twin": "name_ambiguous"}
    assert [finding.code for finding in plan.diagnostics] == ["R303"]
    assert "Nobody" in plan.diagnostics[0].message


def test_two_live_of_the_name_are_blocked_with_both_ids(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": WHOLE, "extensions": [extension("a")]})
    twins = (catalog("campaigns", MARKETING), catalog("Campaigns", FINANCE))
    plan = told(tmp_path, lambda held: planned(held, tmp_path), *twins)
    assert codes(plan) == {"Campaigns": "name_ambiguous", "a": "parent_ambiguous"}
    for change in plan.blocked:
        assert MARKETING in because(change) and FINANCE in because(change)


def test_of_two_of_a_name_each_can_be_pinned(tmp_path: Path) -> None:
    pinned = [
        {"id": key, "displayName": "Twin", "state": "unpublished"} for key in (MARKETING, FINANCE)
    ]
    declare(
        tmp_path / "desired",
        *({"catalog": each, "extensions": [extension("a")]} for each in pinned),
    )
    twins = (catalog("Twin", MARKETING), catalog("Twin", FINANCE))

    async def story(held: Tenant) -> None:
        plan, outcomes, after = await applied(held, tmp_path)
        assert [str(change.scope.id) for change in plan.changes] == sorted(
            [MARKETING, MARKETING, FINANCE, FINANCE]
        )
        assert len(done(outcomes)) == 4
        assert after.changes == ()

    told(tmp_path, story, *twins)


@pytest.mark.parametrize("address", ["General", {"displayName": "General"}, {"id": GENERAL}])
def test_what_is_in_the_built_in_catalog_is_managed_as_anywhere(
    address: Any, tmp_path: Path
) -> None:
    declare(tmp_path / "desired", {"catalog": address, "extensions": [extension("a")]})
    general = {**catalog("General", GENERAL), "catalogType": "serviceDefault"}

    async def story(held: Tenant) -> None:
        assert done((await applied(held, tmp_path))[1]) == [("create", "a")]

    told(tmp_path, story, general)


@pytest.mark.parametrize("members", [{"description": "x"}, {"displayName": "Old", "id": GENERAL}])
def test_the_built_in_catalog_is_blocked_only_if_a_member_differs(
    members: Json, tmp_path: Path
) -> None:
    declare(
        tmp_path / "desired",
        {"catalog": {"displayName": "Common", **members}, "extensions": [extension("a")]},
    )
    built_in = {**catalog("Common", GENERAL), "catalogType": "serviceDefault"}
    plan = told(tmp_path, lambda held: planned(held, tmp_path), built_in)
    assert list(codes(plan).values()) == ["built_in_catalog"]
    assert [str(change.object) for change in plan.pending] == ["a"]
    member = "displayName" if "id" in members else "description"
    assert because(plan.blocked[0]) == (
        f"the built-in catalog cannot be changed ({member}); declare what is live, or only its name"
    )


def test_a_plan_that_creates_and_renames_nothing_lists_no_catalogs(tmp_path: Path) -> None:
    inside = [f"GET /catalogs/{key}/customWorkflowExtensions" for key in (MARKETING, FINANCE)]
    by_id = {"id": FINANCE, "displayName": "Finance", "description": "x"}
    for mapping, plain in (({"displayName": "Marketing"}, "Finance"), ("Marketing", by_id)):
        requests = Requests()
        documents = [{"catalog": each, "extensions": []} for each in (mapping, plain)]
        declare(tmp_path / "desired", *documents)
        told(
            tmp_path,
            lambda held: planned(held, tmp_path),
            catalog(),
            catalog("Finance", FINANCE),
            faults=[requests.watch],
        )
        searches = [each for each in requests.seen if each not in inside]
        assert sorted(requests.seen) == sorted([*searches, *inside])
        by_id_too = [f"GET /catalogs/{FINANCE}"] if plain is by_id else []
        assert sorted(searches) == [*by_id_too, "GET /catalogs?filter"]


def test_absent_is_concluded_from_the_whole_list_alone(tmp_path: Path) -> None:
    """The filter of the service finds no name that is composed in another way."""
    requests = Requests()
    declare(tmp_path / "desired", {"catalog": {"displayName": "Ma\u0308rkte"}})
    composed = catalog("M\u00e4rkte ")
    plan = told(tmp_path, lambda held: planned(held, tmp_path), composed, faults=[requests.watch])
    assert requests.seen == [
        "GET /catalogs?filter",
        "GET /catalogs",
        f"GET /catalogs/{MARKETING}/customWorkflowExtensions",
    ]
    assert [(change.action, change.object.id) for change in plan.changes] == [("rename", MARKETING)]


@pytest.mark.parametrize(
    "address", [{"displayName": "Campaigns"}, {"id": FINANCE, "displayName": "Campaigns"}]
)
def test_what_cannot_be_listed_is_neither_created_nor_renamed(
    address: Json, tmp_path: Path
) -> None:
    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith("/catalogs") and not request.query:
            return web.json_response({"error": {"code": "UnAuthorized"}}, status=403)
        return await handler(request)

    declare(
        tmp_path / "desired",
        {"catalog": address, "extensions": [extension("a")]},
        {"catalog": {"displayName": "Marketing", "description": "x"}},
    )
    finance = catalog("Finance", FINANCE)
    plan = told(
        tmp_path, lambda held: planned(held, tmp_path), catalog(), finance, faults=[refusing]
    )
    assert codes(plan)["Campaigns"] == "object_unreadable"
    assert codes(plan).get("a") == (None if "id" in address else "parent_unreadable")
    assert "Marketing" in [str(change.object) for change in plan.pending]
    assert plan.diagnostics == ()


def test_one_that_cannot_be_read_blocks_no_other(tmp_path: Path) -> None:
    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if FINANCE in request.path:
            return web.json_response({"error": {"code": "UnAuthorized"}}, status=403)
        return await handler(request)

    documents = [
        {"catalog": {"id": key, "displayName": name, "description": "x"}}
        for key, name in ((MARKETING, "Marketing"), (FINANCE, "Finance"))
    ]
    declare(tmp_path / "desired", *documents)
    finance = catalog("Finance", FINANCE)
    plan = told(
        tmp_path, lambda held: planned(held, tmp_path), catalog(), finance, faults=[refusing]
    )
    assert codes(plan) == {"Finance": "object_unreadable"}
    assert "HTTP 403" in because(plan.blocked[0])
    assert [str(change.object) for change in plan.pending] == ["Marketing"]
    assert not plan.complete


def test_a_saved_plan_is_stale_if_a_catalog_of_the_name_exists_by_now(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": WHOLE, "extensions": [extension("a")]})

    async def story(held: Tenant) -> str:
        plan = await held.plan(tmp_path / "desired")
        held.store.add("catalog", catalog("campaigns", FINANCE), FINANCE)
        with pytest.raises(StalePlanError) as stale:
            await refuse_if_stale(plan, held.graph, KINDS)
        return str(stale.value)

    said = told(tmp_path, story, catalog())
    assert f'"Campaigns": a catalog with this name already exists ({FINANCE})' in said


@pytest.mark.parametrize(
    ("document", "read"),
    [
        ({"displayName": "Marketing", "description": "new"}, [f"GET /catalogs/{MARKETING}"]),
        ({"id": MARKETING, "displayName": "Campaigns"}, ["GET /catalogs"]),
    ],
    ids=["update", "rename"],
)
def test_a_saved_plan_lists_all_catalogs_only_where_a_name_must_be_free(
    document: Json, read: list[str], tmp_path: Path
) -> None:
    requests = Requests()
    declare(tmp_path / "desired", {"catalog": document})

    async def story(held: Tenant) -> None:
        plan = await held.plan(tmp_path / "desired")
        requests.seen.clear()
        await refuse_if_stale(plan, held.graph, KINDS)
        assert requests.seen == read
        held.store.remove("catalog", MARKETING)
        with pytest.raises(StalePlanError):
            await refuse_if_stale(plan, held.graph, KINDS)

    told(tmp_path, story, catalog(), faults=[requests.watch])


def test_a_catalog_that_was_changed_since_is_not_written(tmp_path: Path) -> None:
    requests = Requests()
    declare(tmp_path / "desired", {"catalog": {"displayName": "Marketing", "description": "new"}})

    async def story(held: Tenant) -> None:
        plan = await held.plan(tmp_path / "desired")
        (row,) = held.store.rows("catalog")
        held.store.change("catalog", row, {**row.document, "privilegeLevel": "high"})
        (outcome,) = await held.apply(plan)
        assert outcome.reason is not None and outcome.reason.code == "changed_since"
        assert requests.bodies == []

    told(tmp_path, story, {**catalog(), "description": "old"}, faults=[requests.watch])


def test_what_others_change_at_the_same_moment_was_not_sent(tmp_path: Path) -> None:
    @web.middleware
    async def meddling(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "PATCH":
            store = tenants[0].store
            (row,) = store.rows("catalog")
            store.change("catalog", row, {**row.document, "state": "unpublished"})
        return answer

    tenants: list[Tenant] = []
    whole = {"displayName": "Marketing", "description": "new", "state": "published"}
    declare(tmp_path / "desired", {"catalog": whole})

    async def story(held: Tenant) -> None:
        tenants.append(held)
        plan, outcomes, after = await applied(held, tmp_path)
        assert done(outcomes) == [("update", "Marketing")]
        assert [row.path for row in plan.changes[0].fields] == [("description",)]
        assert [row.path for row in after.changes[0].fields] == [("state",)]

    before = {**catalog(), "description": "old", "state": "published"}
    told(tmp_path, story, before, faults=[meddling])


def test_of_two_that_are_created_at_once_both_are_reported(tmp_path: Path) -> None:
    @web.middleware
    async def racing(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "POST":
            tenants[0].store.add("catalog", catalog("campaigns", FINANCE), FINANCE)
        return answer

    tenants: list[Tenant] = []
    declare(tmp_path / "desired", {"catalog": WHOLE, "extensions": [extension("a")]})

    async def story(held: Tenant) -> None:
        tenants.append(held)
        _, (first, second), after = await applied(held, tmp_path)
        assert (first.status, first.reason and first.reason.code) == ("failed", "twin_created")
        assert FINANCE in explained(first)
        assert (second.status, second.reason and second.reason.code) == ("skipped", "parent_failed")
        assert codes(after) == {"Campaigns": "name_ambiguous", "a": "parent_ambiguous"}

    told(tmp_path, story, catalog(), faults=[racing])


def test_times_and_contents_of_a_catalog_do_not_make_a_plan_stale(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": {"displayName": "Marketing", "description": "new"}})

    async def story(held: Tenant) -> None:
        plan = await held.plan(tmp_path / "desired")
        (row,) = held.store.rows("catalog")
        other = {"modifiedDateTime": "2027-01-01T00:00:00Z", "accessPackages": []}
        held.store.change("catalog", row, {**row.document, **other})
        assert done(await held.apply(plan)) == [("update", "Marketing")]

    told(tmp_path, story, {**catalog(), "description": "old"})


def test_whoever_renamed_it_in_the_meantime_keeps_the_name(tmp_path: Path) -> None:
    declare(tmp_path / "desired", {"catalog": {"id": MARKETING, "displayName": "Campaigns"}})

    async def story(held: Tenant) -> None:
        plan = await held.plan(tmp_path / "desired")
        held.store.add("catalog", catalog("CAMPAIGNS", FINANCE), FINANCE)
        (outcome,) = await held.apply(plan)
        assert outcome.reason is not None and outcome.reason.code == "new_name_in_use"

    told(tmp_path, story, catalog())
