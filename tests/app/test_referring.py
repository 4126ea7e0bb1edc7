"""Who calls an extension: every policy of a catalog, or why that is not known."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from objects import KINDS, catalog_ref
from packages import OTHER_CATALOG, REQUEST, Json, Packages, guid, package, policy, setting

from reconciler.app.referring import observe_referring
from reconciler.errors import RETRY, AuthenticationError
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
            (referring,) = await observe_referring(client, KINDS, "extension", [(MARKETING,)])
            return referring, graph.seen

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
    whole = f"{SETTINGS}($expand=customExtension),accessPackage,questions"
    assert paths(seen) == [
        f"/accessPackages/{guid(1)}?assignmentPolicies",
        f"/accessPackages/{guid(2)}?assignmentPolicies",
        "/accessPackages?catalog",
        f"/assignmentPolicies/{guid(11)}?{whole}",
        f"/assignmentPolicies/{guid(12)}?{whole}",
        "/assignmentPolicies?accessPackage($expand=catalog)",
    ]
    assert {each.method for each in seen} == {"GET"}


def test_each_list_of_the_tenant_is_read_once_for_all_catalogs() -> None:
    """The one of all access packages is only needed where Graph refuses to filter it."""
    other, held = catalog_ref(OTHER_CATALOG, "Finance"), calling()
    held.instead["/accessPackages"] = lambda seen: (
        refused(400, "BadRequest") if "$filter" in seen.query else None
    )

    async def run() -> tuple[list[Referring], list[Seen]]:
        async with scripted(held) as graph, graph_at(graph.base) as client:
            scopes = [(MARKETING,), (other,)]
            return await observe_referring(client, KINDS, "extension", scopes), graph.seen

    referring, seen = asyncio.run(run())
    assert [[str(policy.ref) for policy in each.objects] for each in referring] == [
        ["policy 11", "policy 12"],
        ["policy 13"],
    ]
    assert [each.incomplete for each in referring] == [None, None]
    unfiltered = paths([each for each in seen if "$filter" not in each.query])
    assert unfiltered.count("/assignmentPolicies?accessPackage($expand=catalog)") == 1
    assert unfiltered.count("/accessPackages?catalog") == 1


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
    referring, seen = read(held)
    assert len(used_by(referring.objects, EXTENSION)) == 1
    assert referring.incomplete is not None and "HTTP 403 (UnAuthorized" in referring.incomplete
    # A policy of an access package that could not be read completely is read once more.
    assert [each.path for each in seen].count(path) == (2 if guid(12) in path else 1)


def test_that_a_catalog_has_no_package_must_be_seen_in_two_ways() -> None:
    held = Packages([package(3, OTHER_CATALOG)])
    referring, seen = read(held)
    assert (referring.objects, referring.incomplete) == ((), None)
    assert f"/catalogs/{CATALOG}?accessPackages" in paths(seen)
    hiding = Packages([package(1)], instead={"/accessPackages": lambda _seen: listing()})
    referring, _ = read(hiding)
    assert referring.incomplete is not None and "the catalog itself 1." in referring.incomplete
    assert "EntitlementManagement.Read.All" in referring.incomplete


@pytest.mark.parametrize("filtered", [True, False])
def test_access_packages_of_other_catalogs_are_dropped_if_graph_does_not_filter(
    filtered: bool,
) -> None:
    held = calling()

    def refusing(seen: Seen) -> Reply | None:
        return refused(400, "BadRequest") if "$filter" in seen.query and not filtered else None

    held.instead["/accessPackages"] = refusing
    referring, seen = read(held)
    assert (len(referring.objects), referring.incomplete) == (2, None)
    (first, *_) = [each.query for each in seen if each.path == "/accessPackages"]
    assert first == {"$filter": f"catalog/id eq '{CATALOG}'", "$expand": "catalog"}


def changed(change: Callable[[Json], None]) -> Referring:
    """What is read where the policy that calls the extension is changed like this."""
    held = calling()
    change(held.policies[0])
    return read(held)[0]


def without(member: str) -> Callable[[Json], None]:
    return lambda policy: policy.pop(member)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without(SETTINGS), f"without {SETTINGS}, which was requested"),
        (lambda policy: policy.update({SETTINGS: None}), f"without {SETTINGS}"),
        (lambda policy: policy.update({SETTINGS: [None]}), f"without {SETTINGS}"),
        (
            lambda policy: policy.update({f"{SETTINGS}@odata.nextLink": "https://x/"}),
            f"only a part of {SETTINGS}",
        ),
    ],
)
def test_a_policy_that_does_not_show_what_it_calls_is_not_read(
    change: Callable[[Json], None], said: str
) -> None:
    referring = changed(change)
    assert [str(each.ref) for each in referring.objects] == ["policy 12"]
    assert referring.incomplete is not None and said in referring.incomplete


@pytest.mark.parametrize(
    "change",
    [
        lambda policy: policy[SETTINGS].append(setting(CREATED, None)),
        lambda policy: policy[SETTINGS][0].pop("customExtension"),
        lambda policy: policy[SETTINGS][0].pop("stage"),
    ],
)
def test_a_policy_with_a_setting_that_names_no_extension_may_call_any(
    change: Callable[[Json], None],
) -> None:
    referring = changed(change)
    assert [str(each.ref) for each in referring.objects] == ["policy 11", "policy 12"]
    assert referring.incomplete is not None
    assert "without its stage or the id of its extension" in referring.incomplete


@pytest.mark.parametrize(
    "change",
    [
        without("accessPackage"),
        lambda policy: policy.update(accessPackage=None),
        lambda policy: policy["accessPackage"].pop("catalog"),
    ],
)
def test_a_policy_of_unknown_whereabouts_leaves_the_rest_unknown(
    change: Callable[[Json], None],
) -> None:
    assert changed(change).incomplete is not None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/accessPackages/{guid(1)}", package(2) | {"assignmentPolicies": []}),
        (f"/assignmentPolicies/{guid(12)}", policy(14, package(1))),
        (f"/assignmentPolicies/{guid(12)}", policy(12, package(2))),
    ],
)
def test_the_answer_about_another_object_is_an_error(path: str, body: Json) -> None:
    held = calling()
    held.instead[path] = lambda _seen: Reply(body=body)
    referring, _ = read(held)
    assert len(used_by(referring.objects, EXTENSION)) == 1
    assert referring.incomplete is not None and " instead of " in referring.incomplete


@pytest.mark.parametrize("way", ["list", "package"])
def test_a_policy_that_is_listed_and_answers_404_leaves_the_rest_unknown(way: str) -> None:
    held = calling()
    gone = policy(15, package(1))
    if way == "list":
        held.instead["/assignmentPolicies"] = lambda _seen: listing(*held.policies, gone)
    else:
        shown = {"assignmentPolicies": [{"id": guid(11)}, {"id": guid(15)}]}
        held.instead[f"/accessPackages/{guid(1)}"] = lambda _seen: Reply(body=package(1) | shown)
    referring, _ = read(held)
    assert len(used_by(referring.objects, EXTENSION)) == 1
    assert referring.incomplete is not None
    assert "but answers 404 for it alone" in referring.incomplete


def test_more_than_twenty_policies_that_graph_truncates_are_noticed() -> None:
    ours = package(1)
    held = Packages([ours], [policy(100 + number, ours) for number in range(21)])
    cut = {"assignmentPolicies": [{"id": guid(100 + number)} for number in range(20)]}
    held.instead[f"/accessPackages/{guid(1)}"] = lambda _seen: Reply(body=ours | cut)
    referring, _ = read(held)
    assert len(referring.objects) == 21
    assert referring.incomplete is not None and guid(120) in referring.incomplete


def test_a_long_difference_is_bounded() -> None:
    ours = package(1)
    held = Packages([ours], [policy(100 + number, ours) for number in range(30)])
    empty = ours | {"assignmentPolicies": []}
    held.instead[f"/accessPackages/{guid(1)}"] = lambda _seen: Reply(body=empty)
    incomplete = read(held)[0].incomplete or ""
    assert f"{guid(100)}, {guid(101)}, {guid(102)} and 27 more only in the list" in incomplete


def test_a_truncated_collection_with_a_next_link_is_an_error() -> None:
    held = calling()
    shown = {"assignmentPolicies": [{"id": guid(11)}, {"id": guid(12)}]}
    link = {"assignmentPolicies@odata.nextLink": "https://graph.microsoft.com/next"}
    cut = package(1) | shown | link
    held.instead[f"/accessPackages/{guid(1)}"] = lambda _seen: Reply(body=cut)
    referring, _ = read(held)
    assert len(referring.objects) == 2
    assert referring.incomplete is not None and "only a part of" in referring.incomplete


def test_every_extension_at_every_stage_is_a_use_also_at_unknown_stages() -> None:
    stages = [(CREATED, 900), (CREATED, 901), ("unknownFutureValue", 900), ("newStage", 901)]
    ours = package(1)
    held = Packages(
        [ours], [policy(11, ours, *(setting(stage, guid(each)) for stage, each in stages))]
    )
    referring, _ = read(held)
    assert [use.path for use in used_by(referring.objects, EXTENSION)] == [
        (SETTINGS, CREATED, guid(900)),
        (SETTINGS, "unknownFutureValue"),
    ]
    other = ObjectRef("extension", guid(901), None)
    assert [use.path for use in used_by(referring.objects, other)] == [
        (SETTINGS, CREATED, guid(901)),
        (SETTINGS, "newStage"),
    ]
    (live,) = referring.objects
    called = live.properties[SETTINGS, "newStage"]
    assert called == ObjectRef("extension", guid(901), "notify", REQUEST.rpartition(".")[2])


def test_the_same_extension_twice_at_a_stage_is_one_use() -> None:
    referring = changed(lambda policy: policy[SETTINGS].append(setting(CREATED, guid(900).upper())))
    (use,) = used_by(referring.objects, EXTENSION)
    assert use.path == (SETTINGS, CREATED)


def test_an_extension_that_decides_who_approves_is_a_use_if_it_is_shown() -> None:
    dynamic = {"customExtension": {"id": EXTENSION.id}}
    stages = {"stages": [{"primaryApprovers": []}, dynamic, {"customExtension": {}}]}
    referring = changed(
        lambda policy: policy.update({SETTINGS: [], "requestApprovalSettings": stages})
    )
    (use,) = used_by(referring.objects, EXTENSION)
    assert use.path == ("requestApprovalSettings", "stages", "2")


def test_ids_in_upper_case_are_the_same_objects() -> None:
    held = calling()
    upper = [{**each, "id": each["id"].upper()} for each in held.policies]
    held.instead["/assignmentPolicies"] = lambda _seen: listing(*upper)
    assert read(held)[0].incomplete is None


def test_a_rejected_token_ends_the_run() -> None:
    held = calling()
    held.instead["/assignmentPolicies"] = lambda _seen: refused(401, "InvalidAuthenticationToken")
    with pytest.raises(AuthenticationError):
        read(held)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_reported_with_what_to_do(status: int) -> None:
    held = calling()
    held.instead["/assignmentPolicies"] = lambda _seen: refused(status, "Oops")
    referring, _ = read(held)
    assert referring.incomplete is not None
    assert f"HTTP {status} (Oops" in referring.incomplete and RETRY in referring.incomplete
