"""Extensions as Graph answers them: complete listings, and single ones that are never another."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ServiceAnswerError
from reconciler.kinds.catalog.api import list_catalogs
from reconciler.kinds.extension.api import MAX_EXTENSIONS, get_extension, list_extensions
from reconciler.kinds.extension.fields import REQUEST_TYPE
from reconciler.model.objects import ObjectRef, Observed
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import CATALOG, EM, Reply, Seen, listing, refused, scripted
from tests.network_fixtures import bare_environment, certificate, sockets_closed

__all__ = ["bare_environment", "certificate", "sockets_closed"]

pytestmark = pytest.mark.usefixtures("sockets_closed")

PARENTS = (ObjectRef("catalog", CATALOG, "Marketing"),)
EXTENSION = {"@odata.type": f"#microsoft.graph.{REQUEST_TYPE}", "id": "e-1", "displayName": "one"}


def listed(*pages: Iterable[str]) -> tuple[tuple[Observed, ...], int]:
    """The extensions of a listing with these ids on its pages, and the number of requests."""

    async def run() -> tuple[tuple[Observed, ...], int]:
        def reply(seen: Seen) -> Reply:
            number = int(seen.query.get("$skiptoken", 0))
            bodies = [{**EXTENSION, "id": extension_id} for extension_id in pages[number]]
            is_last = number + 1 == len(pages)
            link = None if is_last else f"{graph.base}{EM}/catalogs/x?$skiptoken={number + 1}"
            return listing(*bodies, link=link)

        async with scripted(reply) as graph, graph_at(graph.base) as client:
            return await list_extensions(client, PARENTS), len(graph.seen)

    return asyncio.run(run())


def test_all_pages_are_one_listing_of_the_catalog() -> None:
    extensions, requests = listed("ab", "", "c")
    assert [extension.id for extension in extensions] == ["a", "b", "c"]
    assert {extension.parents for extension in extensions} == {PARENTS}
    assert requests == 3


def test_an_id_that_several_pages_repeat_counts_once() -> None:
    extensions, requests = listed("abc", "bcd", "a")
    assert sorted(extension.id for extension in extensions) == list("abcd")
    assert requests == 3


def test_a_listing_is_read_up_to_its_bound_in_objects() -> None:
    def pages(count: int) -> list[list[str]]:
        each = range(MAX_EXTENSIONS // 5)
        return [[f"e-{page}-{place}" for place in each] for page in range(count)]

    assert len(listed(*pages(5))[0]) == MAX_EXTENSIONS
    with pytest.raises(ServiceAnswerError, match="more than 5,000 objects, ten times what"):
        listed(*pages(6))


def test_another_extension_than_the_one_asked_for_is_no_answer() -> None:
    async def run() -> None:
        async with (
            scripted(Reply(body={**EXTENSION, "id": "e-2"})) as graph,
            graph_at(graph.base) as client,
        ):
            with pytest.raises(ServiceAnswerError, match="Graph returned extension"):
                await get_extension(client, PARENTS, "e-1")

    asyncio.run(run())


def test_one_extension_is_read_or_none_and_never_guessed() -> None:
    async def run() -> tuple[Observed | None, Observed | None, Observed | None, str]:
        replies = [
            Reply(body={**EXTENSION, "id": "e/1 ?#"}),
            Reply(body={"value": EXTENSION}),
            refused(404),
            Reply(body={}),
            refused(500),
        ]
        async with scripted(*replies) as graph, graph_at(graph.base) as client:
            first = await get_extension(client, PARENTS, "e/1 ?#")
            wrapped = await get_extension(client, PARENTS, "e-1")
            absent = await get_extension(client, PARENTS, "e-1")
            with pytest.raises(ServiceAnswerError):
                await get_extension(client, PARENTS, "e-1")
            with pytest.raises(Exception, match="HTTP 500"):
                await get_extension(client, PARENTS, "e-1")
            return first, wrapped, absent, graph.seen[0].target

    first, wrapped, absent, target = asyncio.run(run())
    assert first is not None
    assert wrapped is not None
    assert (first.id, wrapped.id) == ("e/1 ?#", "e-1")
    assert absent is None
    assert target.endswith("/customWorkflowExtensions/e%2F1%20%3F%23")


def documented(extension: Observed) -> Observed:
    """The extension without the members that are not documented."""
    return replace(extension, unknown=(), raw={})


@pytest.mark.parametrize(
    "switch", ["wrap_answers=true", "page_size=1", "extra_properties=true", "empty_pages=true"]
)
def test_an_awkward_sandbox_gives_the_same_as_a_polite_one(tmp_path: Path, switch: str) -> None:
    async def run(*pairs: str) -> dict[str, Any]:
        read: dict[str, Any] = {}
        async with (
            serve(tmp_path / "sandbox.sqlite3", switches=parse_switches(pairs)) as base,
            graph_at(base) as client,
        ):
            for catalog in await list_catalogs(client):
                parents = (catalog.ref,)
                for extension in await list_extensions(client, parents):
                    single = await get_extension(client, parents, extension.id)
                    assert single is not None
                    read[extension.id] = documented(extension), documented(single)
        return read

    polite = asyncio.run(run())
    assert len(polite) > 2
    assert asyncio.run(run(switch)) == polite
