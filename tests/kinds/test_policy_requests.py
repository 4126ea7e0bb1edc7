"""Which requests policies cost, and that files without policies cost none of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import web
from harness import FINANCE, MARKETING, Json, Tenant, catalog, declare, extension
from objects import because

from reconciler.app.kinds import KINDS
from reconciler.apply.stale import refuse_if_stale
from reconciler.model.plan import Plan
from tests.kinds.policy_runs import (
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    OTHER_POLICY,
    PACKAGE,
    POLICY,
    TRAVEL,
    Handler,
    Requests,
    blocked,
    calls,
    document,
    finance,
    only,
    planned,
    policy,
    run,
    stages,
)

THIRD_POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e37"
SHOP = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e26"
BINDS = {CREATED: "notify"}
FIND = "GET /catalogs $filter"
LIST = "GET /catalogs/{}/customWorkflowExtensions"
PACKAGES = "GET /accessPackages $expand $filter"
POLICIES = "GET /assignmentPolicies $expand $filter"
EXTENSION = f"/catalogs/{FINANCE}/customWorkflowExtensions/{NOTIFY}"


def inside(package_id: str) -> str:
    """The request for the policies that a package lists."""
    return f"GET /accessPackages/{package_id} $expand"


def whole(policy_id: str) -> str:
    """The request for all of a policy."""
    return f"GET /assignmentPolicies/{policy_id} $expand"


def beta(policy_id: str) -> str:
    """The request for what beta shows of a policy."""
    return f"GET /accessPackageAssignmentPolicies/{policy_id} of beta"


def requests_of(
    folder: Path, documents: Sequence[Json], *policies: Json, **more: object
) -> list[str]:
    """The requests of a plan, sorted: those of several objects are in flight at once."""
    requests = Requests()
    planned(folder, documents, *policies, faults=[requests.watch], **more)
    return sorted(requests.seen)


def test_files_without_policies_are_planned_and_applied_with_the_same_requests(
    tmp_path: Path,
) -> None:
    requests = Requests()
    changed = extension("notify", description="new")
    declare(tmp_path / "desired", {"catalog": "Finance", "extensions": [changed]})

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert requests.seen == [FIND, LIST.format(FINANCE)]
        requests.seen.clear()
        (outcome,) = await held.apply(plan)
        assert outcome.status == "done"
        assert requests.seen == [f"GET {EXTENSION}", f"PUT {EXTENSION}", f"GET {EXTENSION}"]

    run(tmp_path, story, policy(), faults=[requests.watch])


def test_a_catalog_without_policies_costs_nothing_more_beside_one_with_them(
    tmp_path: Path,
) -> None:
    marketing = {"catalog": "Marketing", "extensions": [extension("a")]}
    seen = requests_of(
        tmp_path, [document(stages(**BINDS)), marketing], held=[finance(), catalog()]
    )
    of_policies = [PACKAGES, inside(PACKAGE), POLICIES, whole(POLICY), beta(POLICY)]
    lists = [LIST.format(FINANCE), LIST.format(MARKETING)]
    assert seen == sorted([FIND, *lists, *of_policies])


def test_the_requests_of_several_policies_in_several_packages_and_catalogs(
    tmp_path: Path,
) -> None:
    shop = [{"id": SHOP, "displayName": "Shop"}, {"id": AUDIT, "displayName": "Unneeded"}]
    marketing = {**catalog("Marketing", MARKETING, [extension("a")]), "accessPackages": shop}
    live = (
        policy(),
        policy(id=NOTIFY, displayName="Undeclared"),
        policy(id=OTHER_POLICY, displayName="Guests"),
        policy(id=THIRD_POLICY, displayName="Buyers", accessPackage={"id": SHOP}),
    )
    in_finance = document(
        stages(**BINDS),
        stages(name="Guests", **{GRANTED: "audit"}),
        stages(package="Travel", name="Nobody", **BINDS),
    )
    in_marketing = document(
        stages(package="Shop", name="Buyers", **{CREATED: "a"}), of={"id": MARKETING}
    )
    seen = requests_of(tmp_path, [in_finance, in_marketing], *live, held=[finance(), marketing])
    per_catalog = [LIST.format(FINANCE), LIST.format(MARKETING), PACKAGES, PACKAGES]
    per_package = [inside(PACKAGE), inside(TRAVEL), inside(SHOP), *[POLICIES] * 3]
    per_policy = [whole(POLICY), whole(OTHER_POLICY), whole(THIRD_POLICY)]
    per_change = [beta(POLICY), beta(THIRD_POLICY)]
    find = [FIND, f"GET /catalogs/{MARKETING}"]
    assert seen == sorted([*find, *per_catalog, *per_package, *per_policy, *per_change])


def test_a_policy_declared_in_two_documents_is_read_once(tmp_path: Path) -> None:
    by_id = stages(package={"id": PACKAGE}, id=POLICY, name=None, **{GRANTED: None})
    seen = requests_of(tmp_path, [document(stages(**BINDS)), document(by_id, of={"id": FINANCE})])
    assert [each for each in seen if POLICY in each] == sorted([whole(POLICY), beta(POLICY)])


def test_one_change_of_a_policy_costs_four_requests(tmp_path: Path) -> None:
    requests = Requests()
    declare(tmp_path / "desired", document(stages(**BINDS)))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        requests.seen.clear()
        await refuse_if_stale(plan, held.graph, KINDS)
        assert requests.seen == [whole(POLICY)]
        requests.seen.clear()
        await held.apply(plan)
        put = f"PUT /assignmentPolicies/{POLICY}"
        assert requests.seen == [beta(POLICY), whole(POLICY), put, whole(POLICY)]

    run(tmp_path, story, policy(), faults=[requests.watch])


@pytest.mark.parametrize(("switch", "reads"), [("refuse", 4), ("first", 3)])
def test_what_one_request_does_not_show_is_read_alone(
    switch: str, reads: int, tmp_path: Path
) -> None:
    requests = Requests()
    declare(tmp_path / "desired", document(stages(**BINDS)))

    async def story(held: Tenant) -> None:
        plan = await held.plan_whole(tmp_path / "desired")
        assert requests.seen.count(whole(POLICY)) == reads
        (outcome,) = await held.apply(plan)
        assert outcome.status == "done", outcome
        assert calls(held) == {GRANTED: AUDIT, CREATED: NOTIFY}

    switches = [f"combined_expand={switch}"]
    run(tmp_path, story, policy(), faults=[requests.watch], switches=switches)
    (body,) = requests.bodies
    assert [each["id"] for each in body["questions"]] == [
        each["id"] for each in policy()["questions"]
    ]
    assert body["accessPackage"] == {"id": PACKAGE}


class Editor:
    """Somebody who changes the policy between these reads of it."""

    def __init__(self, *reads: int) -> None:
        self.reads = reads
        self.count = 0

    @web.middleware
    async def edit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer with the time of the last change."""
        response = await handler(request)
        if not request.path.endswith(f"/assignmentPolicies/{POLICY}") or response.status != 200:
            return response
        assert isinstance(response, web.Response)
        self.count += 1
        changes = sum(self.count > read for read in self.reads)
        shown = json.loads(response.body or b"")
        return web.json_response({**shown, "modifiedDateTime": f"2030-01-01T00:00:{changes:02}Z"})


def test_a_policy_that_changes_while_it_is_read_in_parts_is_read_again(tmp_path: Path) -> None:
    switches, editor = ["combined_expand=refuse"], Editor(1, 5)
    declared = [document(stages(**BINDS))]
    plan = planned(tmp_path, declared, faults=[editor.edit], switches=switches)
    assert only(plan).action == "update"
    assert editor.count == 9


def test_a_policy_that_changes_each_time_while_it_is_read_is_unreadable(tmp_path: Path) -> None:
    switches, editor = ["combined_expand=refuse"], Editor(1, 4, 7)
    declared = [document(stages(**BINDS))]
    plan = planned(tmp_path, declared, faults=[editor.edit], switches=switches)
    assert blocked(plan)[0] == "object_unreadable"
    assert "was changed each time while it was read" in because(only(plan))


def test_where_policies_cannot_be_filtered_all_are_listed(tmp_path: Path) -> None:
    switches = ["filter_policies=refuse"]
    other = policy(id=OTHER_POLICY, accessPackage={"id": TRAVEL})
    declared = [document(stages(**BINDS))]
    seen = requests_of(tmp_path, declared, policy(), other, switches=switches)
    assert seen.count("GET /assignmentPolicies $expand") == 1
    assert whole(OTHER_POLICY) not in seen
    plan = planned(tmp_path, declared, policy(), other, switches=switches)
    assert only(plan).object.id == POLICY


NUMBERED = [f"9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d60{number:02}" for number in range(6)]
"""Packages named by their ids: half of them in Finance, half in Marketing."""


def plan_of_numbered(folder: Path, *faults: object) -> tuple[Plan, Counter[str]]:
    """The plan for a policy in each of the packages, over pages of two; and the requests."""

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        filtered = "$filter" in request.query and not request.path.endswith("/catalogs")
        return web.Response(status=400) if filtered else await handler(request)

    packages = [{"id": each, "displayName": each} for each in NUMBERED]
    marketing = catalog(extensions=[extension("audit")])
    held = [finance(packages=packages[:3]), {**marketing, "accessPackages": packages[3:]}]
    live = [
        policy(id=each.replace("9d4e", "4e8b"), accessPackage={"id": each}) for each in NUMBERED
    ]
    unbound = [stages(package=each, **{GRANTED: None}) for each in NUMBERED]
    declared = [document(*unbound[:3]), document(*unbound[3:], of="Marketing")]
    requests = Requests()
    plan = planned(
        folder,
        declared,
        *live,
        held=held,
        faults=[requests.watch, refuse, *faults],
        switches=["page_size=2"],
    )
    return plan, Counter(requests.seen)


@pytest.mark.parametrize("listed", ["accessPackages", "assignmentPolicies"])
def test_where_nothing_can_be_filtered_each_page_is_read_once(listed: str, tmp_path: Path) -> None:
    plan, seen = plan_of_numbered(tmp_path)
    assert [change.action for change in plan.changes] == ["update"] * len(NUMBERED)
    assert (seen[f"GET /{listed} $expand"], seen[f"GET /{listed} $expand $skiptoken"]) == (1, 2)


def test_a_shared_listing_that_fails_is_not_read_again(tmp_path: Path) -> None:
    @web.middleware
    async def forbid(request: web.Request, handler: Handler) -> web.StreamResponse:
        whole_list = request.path.endswith("/accessPackages") and "$filter" not in request.query
        return web.Response(status=403) if whole_list else await handler(request)

    plan, seen = plan_of_numbered(tmp_path, forbid)
    assert [change.action for change in plan.changes] == ["update"] * len(NUMBERED)
    assert seen["GET /accessPackages $expand"] == 1


def test_where_packages_cannot_be_filtered_those_of_other_catalogs_do_not_count(
    tmp_path: Path,
) -> None:
    refused = []

    @web.middleware
    async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith("/accessPackages") and "$filter" in request.query:
            refused.append(request.path)
            return web.Response(status=400)
        return await handler(request)

    namesake = {**catalog(), "accessPackages": [{"id": SHOP, "displayName": "Ledger"}]}
    declared = [document(stages(**BINDS))]
    plan = planned(tmp_path, declared, held=[finance(), namesake], faults=[refuse])
    assert [parent.id for parent in only(plan).parents] == [FINANCE, PACKAGE]
    assert len(refused) == 1


def test_policies_are_read_with_all_enum_values(tmp_path: Path) -> None:
    preferred: list[str | None] = []

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith(f"/assignmentPolicies/{POLICY}"):
            preferred.append(request.headers.get("Prefer"))
        return await handler(request)

    planned(tmp_path, [document(stages(**BINDS))], faults=[watch])
    assert preferred == ["include-unknown-enum-members"]


@pytest.mark.parametrize("other", [{"id": OTHER_POLICY}, {"accessPackage": {"id": TRAVEL}}])
def test_an_answer_about_another_policy_is_not_believed(other: Json, tmp_path: Path) -> None:
    @web.middleware
    async def mix_up(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not request.path.endswith(f"/assignmentPolicies/{POLICY}"):
            return response
        assert isinstance(response, web.Response)
        shown = json.loads(response.body or b"")
        return web.json_response({**shown, **other})

    plan = planned(tmp_path, [document(stages(**BINDS))], faults=[mix_up])
    assert blocked(plan)[0] == "object_unreadable"
    assert "Graph returned policy" in because(only(plan))


def test_an_answer_about_another_package_is_not_believed(tmp_path: Path) -> None:
    @web.middleware
    async def mix_up(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not request.path.endswith(f"/accessPackages/{PACKAGE}"):
            return response
        assert isinstance(response, web.Response)
        return web.json_response({**json.loads(response.body or b""), "id": TRAVEL})

    declared = [document(stages(name="Nobody", **BINDS))]
    plan = planned(tmp_path, declared, faults=[mix_up])
    assert blocked(plan)[0] == "object_unreadable"
    assert f"Graph returned access package {TRAVEL}" in because(only(plan))
