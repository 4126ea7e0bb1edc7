"""Who calls an extension, over the sandbox, whose every way of reading can show less than all."""

import asyncio
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import ASSIGNMENT, FINANCE, MARKETING, extension, tenant
from objects import KINDS, catalog_ref
from packages import guid
from tiers import sample

from reconciler.app.referring import observe_referring
from reconciler.model.objects import ObjectRef, Referring
from reconciler.plan.uses import used_by

Json = dict[str, Any]
WAYS = ("complete", "partial", "empty", "403", "404")
EXPANDED = (*WAYS, "absent")
CREATED, EXPIRING = "assignmentRequestCreated", "assignmentOneDayBeforeExpiration"
SETTINGS = "customExtensionStageSettings"
ALL = {"a0", "a1", "a2", "b0"}


CASES = sample(
    product(WAYS, EXPANDED), lambda case: "complete" in case or case == ("empty", "empty")
)
NOTIFY, REMIND = guid(900), guid(901)


def policy(name: str, package: int, **stages: str) -> Json:
    """A policy of a seed, with the extension of each stage."""
    settings = [
        {"id": guid(800), "stage": stage, "customExtension": {"id": called}}
        for stage, called in stages.items()
    ]
    return {"displayName": name, "accessPackage": {"id": guid(package)}, SETTINGS: settings}


def catalogs() -> list[Json]:
    """Marketing with three access packages and two extensions; Finance with nothing."""
    names = {1: "campaign", 2: "events", 3: "archive"}
    packages = [{"id": guid(number), "displayName": name} for number, name in names.items()]
    extensions = [
        {"id": NOTIFY, **extension("notify")},
        {"id": REMIND, **extension("remind", ASSIGNMENT)},
    ]
    marketing = {
        "id": MARKETING,
        "displayName": "Marketing",
        "accessPackages": packages,
        "customWorkflowExtensions": extensions,
    }
    return [marketing, {"id": FINANCE, "displayName": "Finance"}]


POLICIES = (
    policy("a0", 1),
    policy("a1", 1, **{CREATED: NOTIFY, EXPIRING: REMIND}),
    policy("a2", 1),
    policy("b0", 2, **{EXPIRING: REMIND}),
)


def read(
    folder: Path, *switches: str, catalog_id: str = MARKETING
) -> tuple[Referring, Counter[str]]:
    """What may call extensions of the catalog, and how many requests each collection got."""
    requests: Counter[str] = Counter()

    @web.middleware
    async def counting(request: web.Request, handler: Any) -> Any:
        collection, *of_one = request.path.split("/")[4:]
        requests[f"{collection}/{{id}}" if of_one else collection] += 1
        return await handler(request)

    async def story() -> Referring:
        parent = catalog_ref(catalog_id, "Marketing")
        more = {"policies": POLICIES, "switches": switches, "faults": [counting]}
        async with tenant(folder, *catalogs(), **more) as held:
            (referring,) = await observe_referring(held.graph, KINDS, "extension", [(parent,)])
            return referring

    return asyncio.run(story()), requests


def names(referring: Referring) -> set[str]:
    """The names of the policies."""
    return {str(each.ref) for each in referring.objects}


@pytest.mark.parametrize(("expand", "requests"), [("accept", 1), ("first", 3), ("refuse", 4)])
def test_it_costs_what_the_budget_says(expand: str, requests: int, tmp_path: Path) -> None:
    referring, counted = read(tmp_path, f"combined_expand={expand}")
    assert (names(referring), referring.incomplete) == (ALL, None)
    uses = used_by(referring.objects, ObjectRef("extension", REMIND, "remind"))
    assert [(str(use.object), use.path) for use in uses] == [
        ("a1", (SETTINGS, EXPIRING)),
        ("b0", (SETTINGS, EXPIRING)),
    ]
    assert counted == {
        "accessPackages": 1,
        "accessPackages/{id}": 3,
        "assignmentPolicies": 1,
        "assignmentPolicies/{id}": len(ALL) * requests,
    }


def test_small_pages_in_any_order_with_unknown_members_show_the_same(tmp_path: Path) -> None:
    referring, _ = read(tmp_path, "page_size=1", "list_order=shuffle", "extra_properties=true")
    assert (names(referring), referring.incomplete) == (ALL, None)


@pytest.mark.parametrize(("listed", "of_package"), CASES)
def test_only_two_equal_ways_to_the_policies_are_complete(
    listed: str, of_package: str, tmp_path: Path
) -> None:
    referring, _ = read(tmp_path, f"policies_listed={listed}", f"policies_of_package={of_package}")
    if "complete" in (listed, of_package):
        assert names(referring) == ALL
    # That nobody sees a policy in either way cannot be known (docs/graph.md §7.2).
    equal = (listed, of_package) in (("complete", "complete"), ("empty", "empty"))
    assert (referring.incomplete is None) == equal


@pytest.mark.parametrize(("listed", "of_catalog"), CASES)
def test_an_access_package_that_is_not_shown_is_noticed_by_its_policies(
    listed: str, of_catalog: str, tmp_path: Path
) -> None:
    referring, _ = read(tmp_path, f"packages_listed={listed}", f"packages_of_catalog={of_catalog}")
    assert names(referring) == ALL
    assert (referring.incomplete is None) == (listed == "complete")


@pytest.mark.parametrize(("listed", "of_catalog"), CASES)
def test_that_there_is_no_access_package_is_seen_in_two_ways(
    listed: str, of_catalog: str, tmp_path: Path
) -> None:
    referring, counted = read(
        tmp_path,
        f"packages_listed={listed}",
        f"packages_of_catalog={of_catalog}",
        catalog_id=FINANCE,
    )
    assert referring.objects == ()
    seen = {listed, of_catalog}.isdisjoint(("403", "404", "absent"))
    assert (referring.incomplete is None) == seen
    assert counted.total() == (2 if listed in ("403", "404") else 3)
