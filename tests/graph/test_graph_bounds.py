"""How much of an answer is read: one answer, one listing, compressed or not, and never a traceback
beyond it.
"""

import asyncio
import gzip
import json
import tracemalloc
import zlib

import httpx
import pytest

from reconciler.errors import GarbledAnswerError, ServiceAnswerError
from reconciler.network.body import Body, TooLargeError
from reconciler.network.transport import MAX_ANSWER_BYTES
from tests.graph.answers import GZIP, MIB, bomb
from tests.graph.graph_clients import extensions, graph_at, send
from tests.graph.scripted import EM, Reply, listing, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")


def padded(size_bytes):
    """A valid, empty listing of exactly so many bytes."""
    return b'{"value": []' + b" " * (size_bytes - len(b'{"value": []}')) + b"}"


def answer(reply, method="GET"):
    """What comes of one request, and how many were sent."""

    async def run():
        async with scripted(reply) as graph, graph_at(graph.base, retries=2) as client:
            try:
                outcome = await send(client, method)
            except ServiceAnswerError as error:
                outcome = error
            return outcome, len(graph.seen)

    return asyncio.run(run())


HOSTILE = {
    "endless": Reply(200, b" " * 65_536, way="endless"),
    "endless error": Reply(503, b" " * 65_536, way="endless"),
    "bomb": Reply(200, bomb(16), GZIP),
    "bomb as an error": Reply(429, bomb(16), GZIP),
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_an_answer_beyond_the_bound_is_neither_read_nor_requested_again(hostile, method):
    error, sent = answer(HOSTILE[hostile], method)
    assert isinstance(error, ServiceAnswerError), error
    assert not isinstance(error, GarbledAnswerError)
    assert f"(HTTP {HOSTILE[hostile].status}) is larger than 8 MiB" in str(error)
    assert error.request_id == "r-1"
    assert sent == 1


@pytest.mark.parametrize("packed", [False, True])
def test_the_bound_itself_is_still_read(packed):
    def reply(size_bytes):
        body = padded(size_bytes)
        return Reply(200, gzip.compress(body), GZIP) if packed else Reply(200, body)

    read, _ = answer(reply(MAX_ANSWER_BYTES))
    assert (read.body, read.size_bytes) == ({"value": []}, MAX_ANSWER_BYTES)
    assert isinstance(answer(reply(MAX_ANSWER_BYTES + 1))[0], ServiceAnswerError)


def test_no_more_is_unpacked_than_the_bound():
    packed = bomb(32)
    body = Body(GZIP, MIB)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            body.add(packed)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * MIB


def test_what_is_received_counts_even_where_nothing_comes_of_it():
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = Body(GZIP, 1_000)
    body.add(packer.compress(b"x") + packer.flush(zlib.Z_FULL_FLUSH))
    empty_block = b"\x00\x00\x00\xff\xff"
    with pytest.raises(TooLargeError):
        add_all(body, [empty_block] * 1_000)


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "deflate", "gzip, gzip", "x-gzip", "GZIP, identity"]
)
def test_only_the_encoding_that_was_requested_is_read(encoding):
    error, _ = answer(
        Reply(200, gzip.compress(gzip.compress(b"{}")), {"Content-Encoding": encoding})
    )
    assert isinstance(error, GarbledAnswerError)
    assert "cannot be decompressed" in str(error)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_gzip_is_requested_and_read(encoding):
    async def run():
        reply = Reply(200, gzip.compress(b'{"id": "e-1"}'), {"Content-Encoding": encoding})
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            return await send(client, "GET"), graph.seen[0].headers["accept-encoding"]

    read, requested = asyncio.run(run())
    assert (read.body, requested) == ({"id": "e-1"}, "gzip")


PACKED = gzip.compress(b'{"value": []}')


@pytest.mark.parametrize(
    "pieces",
    [
        [PACKED[:-1]],
        [PACKED[:12]],
        [PACKED, b"more"],
        [PACKED + b"more"],
        [PACKED + PACKED],
        [bytes([byte]) for byte in PACKED + PACKED],
        [b"{}"],
    ],
    ids=[
        "cut",
        "cut early",
        "followed",
        "followed at once",
        "twice",
        "twice, byte by byte",
        "none",
    ],
)
def test_a_compressed_body_must_be_whole(pieces):
    body = Body(GZIP, MIB)
    with pytest.raises(httpx.DecodingError):
        add_all(body, pieces)


def test_a_compressed_body_may_come_in_any_pieces():
    for pieces in ([PACKED], [bytes([byte]) for byte in PACKED], [PACKED, b""]):
        assert add_all(Body(GZIP, MIB), pieces) == b'{"value": []}'


def add_all(body, pieces):
    """The whole of a body that comes in these pieces."""
    for piece in pieces:
        body.add(piece)
    return body.content()


def test_a_body_in_pieces_is_the_body():
    for headers, content in ({}, b'{"value": []}'), (GZIP, PACKED), (GZIP, b""):
        pieces = [content[place : place + 1] for place in range(len(content))]
        assert add_all(Body(headers, MIB), pieces) == (b'{"value": []}' if content else b"")


def listed(items_of_a_page, pages, **limits):
    """The objects of a listing with so many pages, or the error; and how many pages were
    requested.
    """

    async def run():
        bodies = {}

        def reply(seen):
            number = int(seen.query.get("page", 0))
            link = f"{graph.base}{EM}/x?page={number + 1}" if number + 1 < pages else None
            if number not in bodies:
                bodies[number] = json.dumps(
                    listing(*items_of_a_page(number), link=link).body
                ).encode()
            return Reply(200, bodies[number])

        async with scripted(reply) as graph, graph_at(graph.base, retries=2) as client:
            try:
                found = await client.pages(extensions(client), **limits)
            except ServiceAnswerError as error:
                found = error
            return found, len(graph.seen)

    return asyncio.run(run())


def test_a_listing_is_read_up_to_its_bound_in_bytes(monkeypatch):
    monkeypatch.setattr("reconciler.graph.listing.MAX_LISTING_BYTES", MIB)
    page_bytes = MIB // 8
    within = 7

    def page(number):
        return [{"id": f"e-{number}", "description": "d" * page_bytes}]

    assert len(listed(page, within)[0]) == within
    error, requests = listed(page, 100)
    assert isinstance(error, ServiceAnswerError)
    assert "A listing is larger than 1 MiB" in str(error)
    assert requests == within + 1
    assert error.request_id == f"r-{requests}"


def test_a_listing_is_read_up_to_its_bound_in_objects():
    def page(number):
        return [{"id": f"e-{number}-{place}"} for place in range(10)]

    assert len(listed(page, 5, max_items=50)[0]) == 50
    error, requests = listed(page, 100, max_items=50)
    assert isinstance(error, ServiceAnswerError)
    assert "more than 50 objects, ten times what Microsoft allows" in str(error)
    assert requests == 6
