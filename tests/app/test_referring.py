"""Who calls an extension: every policy of a catalog, or why that is not known."""

import asyncio
from collections.abc import Sequence

import pytest
from objects import KINDS, catalog_ref
from packages import OTHER_CATALOG, Packages, guid, package, policy, setting

from reconciler.app.referring import observe_referring
from reconciler.model.objects import ObjectRef, Referring
from reconciler.plan.uses import used_by
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import CATALOG, Reply, Seen, listing, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

MARKETING = catalog_ref(CATALOG, "Marketing")
EXTENSION = ObjectRef("extension", guid(900), "notify")
CREATED = "assignmentRequestCreated"
SETTINGS = "customExtensionStageSettings"


def read(held: Packages) -> tuple[Referring, list[Seen]]:
    """What may call extensions of the catalog, and every request."""

    async def run() -> tuple[Referring, list[Seen]]:
        async with scripted(held) as graph, graph_at(graph.base) as client:
            return await observe_referring(client, KINDS, "extension", (MARKETING,)), graph.seen

    return asyncio.run(run())


def paths(seen: Sequence[Seen]) -> list[str]:
    """The paths of the requests, and what they expand."""
    return sorted(f"{each.path}?{each.query.get('$expand', '')}" for each in seen)


def calling() -> Packages:
    """Two packages of the catalog and one of another; one policy calls the extension."""
    ours, empty, other = package(1), package(2), package(3, OTHER_CATALOG)
    calls = policy(11, ours, setting(CREATED, EXTENSION.id))
    return Packages(
        [ours, empty, other],
        [calls, policy(12, ours), policy(13, other, setting(CREATED, EXTENSION.id))],
    )


def test_every_policy_of_the_catalog_is_read_with_what_it_calls() -> None:
    referring, seen = read(calling())
    assert referring.incomplete is None
    assert [each.ref.display_name for each in referring.objects] == ["policy 11", "policy 12"]
    (use,) = used_by(referring.objects, EXTENSION)
    assert (use.object.display_name, use.path) == ("policy 11", (SETTINGS, CREATED))
    assert [str(parent) for parent in use.parents] == ["Marketing", "package 1"]
    whole = f"{SETTINGS}($expand=customExtension),accessPackage"
    assert paths(seen) == [
        f"/accessPackages/{guid(1)}?assignmentPolicies",
        f"/accessPackages/{guid(2)}?assignmentPolicies",
        "/accessPackages?catalog",
        f"/assignmentPolicies/{guid(11)}?{whole}",
        f"/assignmentPolicies/{guid(12)}?{whole}",
        "/assignmentPolicies?accessPackage($expand=catalog)",
    ]
    assert {each.method for each in seen} == {"GET"}


@pytest.mark.parametrize("hidden", ["in the list of all", "in their access package"])
def test_a_policy_that_one_way_does_not_show_is_found_and_the_rest_is_unknown(hidden: str) -> None:
    held = calling()
    if hidden == "in the list of all":
        held.instead["/assignmentPolicies"] = lambda _seen: listing()
    else:
        empty = package(1) | {"assignmentPolicies": []}
        held.instead[f"/accessPackages/{guid(1)}"] = lambda _seen: Reply(body=empty)
    referring, _ = read(held)
    assert len(used_by(referring.objects, EXTENSION)) == 1
    assert referring.incomplete is not None
    assert guid(11) in referring.incomplete and hidden not in referring.incomplete
    assert "EntitlementManagement.Read.All" in referring.incomplete


@pytest.mark.parametrize(
    "path",
    [
        "/accessPackages",
        "/assignmentPolicies",
        f"/accessPackages/{guid(1)}",
        f"/accessPackages/{guid(2)}",
        f"/assignmentPolicies/{guid(12)}",
    ],
)
def test_an_error_of_any_request_leaves_the_use_known_and_the_rest_unknown(path: str) -> None:
    held = calling()
    held.instead[path] = lambda _seen: refused(403, "UnAuthorized")
    referring, _ = read(held)
    assert len(used_by(referring.objects, EXTENSION)) == 1
    assert referring.incomplete is not None and "HTTP 403 (UnAuthorized" in referring.incomplete


def test_that_a_catalog_has_no_package_must_be_seen_in_two_ways() -> None:
    held = Packages([package(3, OTHER_CATALOG)])
    referring, seen = read(held)
    assert (referring.objects, referring.incomplete) == ((), None)
    assert f"/catalogs/{CATALOG}?accessPackages" in paths(seen)
    hiding = Packages([package(1)], instead={"/accessPackages": lambda _seen: listing()})
    referring, _ = read(hiding)
    assert referring.incomplete is not None and "the catalog itself has 1" in referring.incomplete
