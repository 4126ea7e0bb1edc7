"""Catalogs and extensions as they are: complete, absent or unreadable, and never one taken for
another.
"""

import asyncio
import gzip

import pytest
from objects import catalog_ref
from scopes import by_id, by_name, explained, observe_parents

from reconciler.errors import AuthenticationError, ServiceUnansweredError
from tests.graph.answers import GZIP, bomb
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import CATALOG, EM, Reply, closed_port, listing, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

TYPE = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
EXTENSION = {"@odata.type": TYPE, "id": "e-1", "displayName": "one"}
OTHER = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"


def observed(script, *parents, **more):
    """What is found for the catalogs, and every request."""

    async def run():
        async with scripted(script) as graph, graph_at(graph.base, **more) as client:
            return await observe_parents(client, *parents), graph.seen

    return asyncio.run(run())


def tenant(**catalogs):
    """A script for a Graph with these catalogs (name → id), one extension in each; it ignores
    $filter.
    """

    def reply(seen):
        if seen.path.endswith("customWorkflowExtensions"):
            return listing(EXTENSION)
        if seen.path == "/catalogs":
            return listing(*({"id": one, "displayName": name} for name, one in catalogs.items()))
        for name, one in catalogs.items():
            if seen.path == f"/catalogs/{one}":
                return Reply(body={"id": one, "displayName": name})
        return refused(404, "ResourceNotFound")

    return reply


def test_a_catalog_is_found_by_id():
    (found,), seen = observed(tenant(Marketing=CATALOG), by_id())
    assert (found.read, found.parent) == ("complete", catalog_ref(CATALOG, "Marketing"))
    assert [one.id for one in found.objects] == ["e-1"]
    assert [one.path for one in seen] == [
        f"/catalogs/{CATALOG}",
        f"/catalogs/{CATALOG}/customWorkflowExtensions",
    ]


def test_an_id_in_upper_case_gives_the_same_catalog():
    def reply(seen):
        if seen.path.endswith("customWorkflowExtensions"):
            return listing(EXTENSION)
        return Reply(body={"id": CATALOG.upper(), "displayName": "Marketing"})

    (found,), _ = observed(reply, by_id(CATALOG.upper()))
    assert found.parent == catalog_ref(CATALOG, "Marketing")


def test_another_catalog_than_the_one_asked_for_is_unreadable():
    (found,), seen = observed(
        lambda _seen: Reply(body={"id": OTHER, "displayName": "Finance"}), by_id()
    )
    assert (found.read, found.parent, found.objects) == ("unreadable", by_id(), ())
    assert "Graph returned catalog" in explained(found)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "literal"),
    [
        ("O'Brien & Søn / 50% #1", "O''Brien & Søn / 50% #1"),
        ("''", "''''"),
        ("x' or 'a' eq 'a", "x'' or ''a'' eq ''a"),
        ("100%24 %2e a.b-c~d$e", "100%24 %2e a.b-c~d$e"),
        ("a+b=c?d;e,f:g@h", "a+b=c?d;e,f:g@h"),
        ("日本語 🎉 ﷽", "日本語 🎉 ﷽"),
        ("back\\slash \"quoted\" {x} [y] <z> |", "back\\slash \"quoted\" {x} [y] <z> |"),
        ("tab\there", "tab\there"),
        ("İstanbul", "İstanbul"),
    ],
)  # fmt: skip
def test_a_name_reaches_the_filter_as_it_is_with_quotes_doubled(name, literal):
    (found,), seen = observed(tenant(**{name: CATALOG}), by_name(name))
    assert found.parent == catalog_ref(CATALOG, name)
    assert seen[0].path == "/catalogs"
    assert seen[0].query == {"$filter": f"displayName eq '{literal}'"}


@pytest.mark.parametrize("live", ["marketing", "MARKETING", "Marketing"])
def test_the_case_of_a_name_does_not_matter(live):
    (found,), _ = observed(tenant(**{live: CATALOG}), by_name("MarkeTing"))
    assert (found.read, found.parent) == ("complete", catalog_ref(CATALOG, live))


def test_a_server_that_ignores_the_filter_does_not_lead_to_another_catalog():
    catalogs = {"Finance": OTHER, "Marketing": CATALOG, "Marketing 2": "m-2", "": "m-3"}
    (found, absent), _ = observed(tenant(**catalogs), by_name(), by_name("Legal"))
    assert found.parent == catalog_ref(CATALOG, "Marketing")
    assert absent.read == "absent"


def test_two_catalogs_with_one_name_are_unreadable_and_both_are_named_with_the_way_out():
    (found,), seen = observed(tenant(Marketing=OTHER, MARKETING=CATALOG), by_name())
    assert (found.read, found.objects) == ("unreadable", ())
    assert CATALOG in explained(found)
    assert OTHER in explained(found)
    assert "catalog: {id: …}" in explained(found)
    assert len(seen) == 1


def test_one_catalog_that_two_pages_repeat_is_one():
    def reply(seen):
        if seen.path.endswith("customWorkflowExtensions"):
            return listing()
        if "skiptoken" in seen.target:
            return listing({"id": CATALOG.upper(), "displayName": "Marketing"})
        link = f"http://{seen.headers['host']}/v1.0{EM}/catalogs?$skiptoken=1"
        return listing({"id": CATALOG, "displayName": "Marketing"}, link=link)

    (found,), _ = observed(reply, by_name())
    assert found.read == "complete"


def test_an_absent_name_gets_the_nearest_names():
    catalogs = {"Marketing": CATALOG, "Finance": OTHER, "Marketing EMEA": "m-3"}
    (found,), _ = observed(tenant(**catalogs), by_name("Marketng"))
    assert found.read == "absent"
    assert 'did you mean "Marketing", "Marketing EMEA"?' in explained(found)
    assert "Finance" not in explained(found)


def test_an_absent_name_near_to_none_says_what_to_do():
    (found,), _ = observed(tenant(Marketing=CATALOG), by_name("Zzz"))
    assert found.read == "absent"
    assert "create it with catalog: {displayName: …}, or correct the name" in explained(found)


def test_names_that_cannot_be_listed_leave_the_catalog_absent():
    def reply(seen):
        return listing() if "filter" in seen.target else refused(403, "UnAuthorized")

    (found,), _ = observed(reply, by_name())
    assert found.read == "absent"
    assert "could not be listed" in explained(found)


def test_an_absent_id_is_absent_without_asking_for_names():
    (found,), seen = observed(tenant(Marketing=CATALOG), by_id(OTHER))
    assert found.read == "absent"
    assert found.parent == by_id(OTHER)
    assert len(seen) == 1
    assert "id" in explained(found)


@pytest.mark.parametrize("asked", [by_id(), by_name()])
def test_a_403_is_unreadable_with_a_hint(asked):
    (found,), _ = observed(
        lambda _seen: refused(403, "UnAuthorized", "User is not authorized"), asked
    )
    assert (found.read, found.parent, found.objects) == ("unreadable", asked, ())
    assert "HTTP 403" in explained(found)
    assert "EntitlementManagement.Read.All" in explained(found)
    assert "Catalog reader" in explained(found)


@pytest.mark.parametrize("status", [400, 404, 405, 410, 429, 500, 503])
def test_a_listing_of_extensions_that_fails_makes_the_catalog_unreadable_never_empty(status):
    def reply(seen):
        known = not seen.path.endswith("customWorkflowExtensions")
        return Reply(body={"id": CATALOG, "displayName": "Marketing"}) if known else refused(status)

    (found,), _ = observed(reply, by_id())
    assert (found.read, found.objects) == ("unreadable", ())


@pytest.mark.parametrize(
    "hit",
    [{"displayName": "Marketing"}, {"id": None, "displayName": "Marketing"},
     {"id": "", "displayName": "Marketing"}, {"id": 5, "displayName": "Marketing"}],
)  # fmt: skip
@pytest.mark.parametrize("asked", [by_id(), by_name()])
def test_a_hit_without_id_is_unreadable(asked, hit):
    reply = Reply(body=hit) if asked.id else listing(hit)
    (found,), _ = observed(lambda _seen: reply, asked)
    assert found.read == "unreadable"
    assert "without an id" in explained(found)


@pytest.mark.parametrize("unusable", ["x\ud800", "x" * 100_000, "a\x1b[31m", "a\nb", ".", ".."])
@pytest.mark.parametrize("asked", [by_id(), by_name()])
def test_a_hit_with_an_id_that_is_safe_nowhere_is_unreadable(asked, unusable):
    hit = {"id": unusable, "displayName": "Marketing"}
    reply = Reply(body=hit) if asked.id else listing(hit)
    (found,), seen = observed(lambda _seen: reply, asked)
    assert found.read == "unreadable"
    assert len(seen) == 1
    assert "a catalog with an unusable id" in explained(found)


@pytest.mark.parametrize(
    "body",
    [{}, None, {"value": []}, {"value": {"id": CATALOG}}, [], "<html>", {"error": {"code": "x"}}],
)
def test_an_answer_by_id_that_is_no_catalog_is_unreadable(body):
    (found,), _ = observed(lambda _seen: Reply(body=body), by_id())
    assert found.read == "unreadable"


def test_an_extension_without_id_makes_the_catalog_unreadable():
    def reply(seen):
        known = not seen.path.endswith("customWorkflowExtensions")
        return Reply(body={"id": CATALOG}) if known else listing(EXTENSION, {"displayName": "two"})

    (found,), _ = observed(reply, by_id())
    assert (found.read, found.objects) == ("unreadable", ())


@pytest.mark.parametrize(
    "failure",
    [
        refused(403),
        refused(500),
        Reply(way="drop"),
        Reply(200, "<html>"),
        Reply(302),
        Reply(way="hang"),
    ],
)
def test_one_failing_catalog_leaves_the_others_readable_and_the_order_as_it_was(failure):
    works = tenant(Marketing=CATALOG, Finance=OTHER)

    def reply(seen):
        return failure if seen.path.startswith(f"/catalogs/{OTHER}") else works(seen)

    found, _ = observed(reply, by_name(), by_id(OTHER), by_id())
    assert [one.read for one in found] == ["complete", "unreadable", "complete"]


def test_no_answer_at_all_comes_out_as_itself():
    async def run():
        async with graph_at(f"http://127.0.0.1:{closed_port()}/v1.0") as client:
            await observe_parents(client, by_id(), by_name(), by_name("x"))

    with pytest.raises(ServiceUnansweredError) as caught:
        asyncio.run(run())
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("way", ["drop", "hang"])
def test_a_server_that_never_answers_is_no_answer_at_all(way):
    with pytest.raises(ServiceUnansweredError):
        observed(lambda _seen: Reply(way=way), by_id(), by_name())


@pytest.mark.parametrize("way", ["drop", "hang"])
def test_silence_to_the_listing_of_the_tenant_is_no_answer_at_all(way):
    with pytest.raises(ServiceUnansweredError):
        observed(lambda _seen: Reply(way=way), None)


def test_silence_after_any_answer_is_unreadable():
    replies = [Reply(body={"id": CATALOG, "displayName": "Marketing"}), Reply(way="drop")]

    async def run():
        async with scripted(*replies) as graph, graph_at(graph.base) as client:
            return await observe_parents(client, by_id())

    (found,) = asyncio.run(run())
    assert found.read == "unreadable"
    assert "no answer" in explained(found)


def test_a_refused_token_ends_the_reading_as_itself():
    async def run():
        async with scripted(listing(), token="another") as graph, graph_at(graph.base) as client:
            await observe_parents(client, by_id(), by_name(), by_name("x"))

    with pytest.raises(AuthenticationError):
        asyncio.run(run())


def test_progress_is_reported_once_per_catalog():
    reported = []

    async def run():
        async with scripted(tenant(Marketing=CATALOG)) as graph, graph_at(graph.base) as client:
            await observe_parents(
                client, by_id(), by_id(OTHER), by_name(), advance=lambda: reported.append(1)
            )

    asyncio.run(run())
    assert len(reported) == 3


def test_nothing_declared_sends_nothing():
    assert observed(tenant()) == ([], [])


HOSTILE = {
    "endless": Reply(200, b" " * 65_536, way="endless"),
    "endless error": Reply(503, b" " * 65_536, way="endless"),
    "bomb": Reply(200, bomb(16), GZIP),
    "bomb as an error": Reply(429, bomb(16), GZIP),
    "gzip that unpacks to nothing": Reply(200, gzip.compress(b"") + b"\0" * 65_536, GZIP),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_catalog_whose_answer_is_too_large_is_unreadable_and_others_are_read(hostile):
    def reply(seen):
        if not seen.path.endswith("customWorkflowExtensions"):
            return Reply(body={"id": seen.path.rpartition("/")[2], "displayName": "n"})
        return HOSTILE[hostile] if CATALOG in seen.path else listing(EXTENSION)

    (unreadable, complete), _ = observed(reply, by_id(), by_id(OTHER))
    assert (unreadable.read, unreadable.objects) == ("unreadable", ())
    why = explained(unreadable)
    assert "is larger than 8 MiB" in why or "cannot be decompressed" in why
    assert [extension.id for extension in complete.objects] == ["e-1"]
