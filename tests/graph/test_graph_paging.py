"""Listings over several pages: all of them, each object once, no loop, no early end."""

import asyncio
from urllib.parse import quote

import pytest

from reconciler.errors import ServiceAnswerError, ServiceRefusalError
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches
from tests.graph.graph_clients import catalogs, extensions, graph_at
from tests.graph.scripted import EM, listing, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")


def pages(*groups, links=None):
    """What the client makes of pages with these ids; `links` says which page each one links to."""

    async def run():
        def reply(seen):
            assert len(graph.seen) <= len(groups) + 1, "asked again and again"
            number = int(seen.query.get("$skiptoken", 0))
            following = (links or [*range(1, len(groups)), None])[number]
            link = (
                None if following is None else f"{graph.base}{EM}/catalogs/x?$skiptoken={following}"
            )
            return listing(
                *({"id": one, "displayName": f"n{one}"} for one in groups[number]), link=link
            )

        async with scripted(reply) as graph, graph_at(graph.base) as client:
            bodies = await client.pages(extensions(client))
            return [body["id"] for body in bodies], len(graph.seen)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "groups",
    [["abc"], ["a", "b", "c"], ["", "a", "", "", "bc", ""], ["", ""], ["", "", "", "a"], [""]],
)
def test_an_empty_page_with_a_next_link_is_not_the_end(groups):
    assert pages(*groups) == (list("".join(groups)), len(groups))


@pytest.mark.parametrize("links", [[0], [1, 0], [1, 2, 1], [1, 1, None]])
def test_links_in_a_circle_are_refused(links):
    with pytest.raises(ServiceAnswerError, match="leads to a page that was already read"):
        pages(*"abc"[: len(links)], links=links)


def test_a_link_is_followed_as_it_is():
    token = quote("a+b/c==&' é", safe="")

    async def run():
        def reply(seen):
            if "skiptoken" in seen.target:
                return listing()
            query = f"$filter=x%20eq%20%27y%27&%24skiptoken={token}&$a=(b)"
            return listing(link=f"{graph.base}{EM}/catalogs?{query}")

        async with scripted(reply) as graph, graph_at(graph.base) as client:
            await client.pages(catalogs(client, "y"))
            return graph.seen[-1]

    seen = asyncio.run(run())
    assert seen.query == {"$filter": "x eq 'y'", "$skiptoken": "a+b/c==&' é", "$a": "(b)"}
    assert seen.headers["accept"] == "application/json"
    assert "client-request-id" in seen.headers


def test_a_page_that_fails_is_repeated_and_a_page_that_fails_for_good_fails_the_listing():
    async def run(*failures):
        left = list(failures)

        def reply(seen):
            if "skiptoken" not in seen.target:
                return listing({"id": "a"}, link=f"{graph.base}{EM}/catalogs?$skiptoken=1")
            return left.pop(0) if left else listing({"id": "b"})

        async with scripted(reply) as graph, graph_at(graph.base, retries=1) as client:
            return [body["id"] for body in await client.pages(extensions(client))]

    assert asyncio.run(run(refused(503))) == ["a", "b"]
    with pytest.raises(ServiceRefusalError, match="503"):
        asyncio.run(run(refused(503), refused(503)))


@pytest.mark.parametrize("order", ["insertion", "reverse", "shuffle"])
def test_an_awkward_sandbox_is_read_completely(tmp_path, order):
    switches = parse_switches(
        [
            f"list_order={order}",
            "page_size=2",
            "empty_pages=true",
            "extra_properties=true",
            "timeout_answer=both",
        ]
    )

    async def run():
        async with (
            serve(tmp_path / "sandbox.sqlite3", switches=switches) as base,
            graph_at(base) as client,
        ):
            live = await client.pages(catalogs(client))
            requests = [extensions(client, catalog_id=catalog["id"]) for catalog in live]
            return live, [await client.pages(request) for request in requests]

    live, listings = asyncio.run(run())
    assert {"Marketing", "Finance"} <= {catalog["displayName"] for catalog in live}
    ids = [extension["id"] for listing in listings for extension in listing]
    assert len(set(ids)) == len(ids) > 2


def test_a_listing_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr("reconciler.graph.listing.MAX_PAGES", 20)

    async def run():
        def reply(_seen):
            more = len(graph.seen) < 100
            return listing(link=f"{graph.base}/x?page={len(graph.seen)}" if more else None)

        async with scripted(reply) as graph:
            async with graph_at(graph.base) as client:
                with pytest.raises(ServiceAnswerError, match="has more than 20 pages"):
                    await client.pages(catalogs(client))
            return len(graph.seen)

    assert asyncio.run(run()) == 20
