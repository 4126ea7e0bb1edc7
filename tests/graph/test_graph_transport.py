"""The one way out: one origin, no redirects, no writes before apply unlocks them, no socket left
open.
"""

import asyncio
import gc
import json
from contextlib import nullcontext

import pytest
from clock import LIMIT_S

from reconciler.errors import (
    GarbledAnswerError,
    RefusedError,
    ServiceAnswerError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.graph.requests import follow
from reconciler.model.graph import Request
from reconciler.model.secrets import mask
from reconciler.network.addresses import origin_of
from tests.graph.graph_clients import (
    BODY,
    EXTENSION,
    attempt,
    extension,
    extensions,
    graph_at,
    send,
)
from tests.graph.scripted import CATALOG, EM, Reply, closed_port, listing, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")


def read(base, **more):
    async def run():
        async with graph_at(base, **more) as graph:
            return await graph.pages(extensions(graph))

    return run()


@pytest.mark.parametrize(
    "form", ["http://127.0.0.1:{other}", "http://localhost:{port}", "https://127.0.0.1:{port}"]
)
def test_a_next_link_to_another_origin_is_refused_before_anything_is_sent(form):
    async def run():
        async with scripted(listing(), token=None) as other:

            def reply(_seen):
                link = (
                    form.format(other=other.port, port=graph.port)
                    + f"/v1.0{EM}/catalogs?$skiptoken=x"
                )
                return listing({"id": "1"}, link=link)

            async with scripted(reply) as graph:
                with pytest.raises(ServiceAnswerError, match="another server"):
                    await read(graph.base, retries=3, waits=[])
                return graph.seen, graph.connections, other.seen, other.connections

    seen, connections, other_seen, other_connections = asyncio.run(run())
    assert len(seen) == 1
    assert connections == 1
    assert other_seen == []
    assert other_connections == 0


@pytest.mark.parametrize(
    "link",
    ["", "/v1.0/next", "next", "//127.0.0.1/next", "http://[", "http://a b/", "http://127.0.0.1:x/",
     "ftp://127.0.0.1/", "http://\x00/", "http://[::1%25]/", "http://127.0.0.1:99999/v1.0",
     "mailto:x@y", "http://x" + "y" * 70_000],
)  # fmt: skip
def test_a_next_link_that_is_no_address_of_this_graph_is_an_untrustworthy_answer(link):
    async def run():
        async with scripted(listing({"id": "1"}, link=link)) as graph:
            with pytest.raises(ServiceAnswerError):
                await read(graph.base)
            assert len(graph.seen) == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "given_away"),
    [
        ("http://127.0.0.1:8484/v1.0/x", True),
        ("http://127.0.0.1:8485/v1.0/x", False),
        ("https://127.0.0.1:8484/v1.0/x", False),
        ("http://localhost:8484/v1.0/x", False),
        ("http://graph.invalid:8484/v1.0/x", False),
    ],
)
def test_the_sdk_gets_a_token_for_the_configured_origin_only(url, given_away):
    async def run():
        async with graph_at("http://127.0.0.1:8484/v1.0") as client:
            native = await client._adapter.convert_to_native_async(follow(url))
            return "authorization" in native.headers

    assert asyncio.run(run()) is given_away


def test_a_next_link_with_other_letter_case_or_the_default_port_spelled_out_is_the_same_origin():
    assert origin_of("HTTPS://Graph.Microsoft.com/v1.0") == origin_of(
        "https://graph.microsoft.com:443/x"
    )
    assert origin_of("http://127.0.0.1/") == ("http", "127.0.0.1", 80)
    assert origin_of("https://graph.microsoft.com.evil.example/") != origin_of(
        "https://graph.microsoft.com/"
    )


def test_user_information_in_a_next_link_does_not_replace_the_token():
    async def run():
        def reply(seen):
            if "skiptoken" in seen.target:
                return listing()
            return listing(
                {"id": "1"}, link=f"http://evil:pw@127.0.0.1:{graph.port}/v1.0{EM}/x?$skiptoken=1"
            )

        async with scripted(reply, token=None) as graph:
            with pytest.raises(ServiceAnswerError):
                await read(graph.base)
            assert len(graph.seen) == 1

    asyncio.run(run())


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308, 399])
@pytest.mark.parametrize("with_location", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_redirect_is_followed_and_no_post_is_sent_again(method, status, with_location):
    async def run():
        async with scripted(Reply(body={"id": "wrong"}), token=None) as other:
            location = {"Location": f"{other.origin}/v1.0/elsewhere"} if with_location else {}
            async with (
                scripted(Reply(status, headers=location)) as graph,
                graph_at(graph.base, retries=3) as client,
            ):
                with pytest.raises(ServiceRefusalError, match=f"redirect .HTTP {status}"):
                    await send(client, method)
            return graph.methods, other.seen, other.connections

    assert asyncio.run(run()) == ([method] * (4 if method == "GET" else 1), [], 0)


def test_a_redirect_to_the_same_origin_is_refused_too():
    async def run():
        async with scripted(Reply(302, headers={"Location": "/v1.0/elsewhere"})) as graph:
            with pytest.raises(ServiceRefusalError, match="redirect"):
                await read(graph.base)
            return graph.methods

    assert asyncio.run(run()) == ["GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_while_locked_nothing_but_get_leaves(method):
    async def run():
        async with (
            scripted(Reply(body={"id": "1"})) as graph,
            graph_at(graph.base, retries=3) as client,
        ):
            with pytest.raises(RefusedError, match=method):
                await attempt(client, extension(client, method))
            with pytest.raises(RefusedError, match=method):
                await client.read(extension(client, method))
        return graph.seen, graph.connections

    requests, connections = asyncio.run(run())
    assert requests == []
    assert connections == 0


def test_writes_pass_while_unlocked_and_are_locked_again_after_it_even_after_a_failure():
    async def run():
        async with scripted(Reply(201, {"id": "1"})) as graph, graph_at(graph.base) as client:
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                await send(client, method)
            with pytest.raises(ZeroDivisionError), client.writes_unlocked(()):
                raise ZeroDivisionError
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                with pytest.raises(RefusedError):
                    await attempt(client, extensions(client, method))
        return graph.methods

    assert asyncio.run(run()) == ["POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_while_unlocked_only_planned_objects_are_patched_or_deleted(method):
    async def run():
        async with scripted(Reply(204)) as graph, graph_at(graph.base) as client:
            with client.writes_unlocked(("another", EXTENSION.upper())):
                await attempt(client, extension(client, method))
            for planned in ((), ("another",), (CATALOG,)):
                with (
                    client.writes_unlocked(planned),
                    pytest.raises(RefusedError, match=f"{EXTENSION}: the plan does not name it"),
                ):
                    await attempt(client, extension(client, method))
        return graph.methods

    assert asyncio.run(run()) == [method]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_below_the_base_url_anything_is_written(method):
    """Neither as a request to the beta version, nor as one to an address that looks like it."""

    async def run():
        async with scripted(Reply(204)) as graph, graph_at(graph.base) as client:
            beta = Request(method, f"{{+baseurl}}/catalogs/{EXTENSION}", beta=True)
            other = graph.base.replace("/v1.0", "/v1.0x")
            elsewhere = Request(method, f"{other}/catalogs/{EXTENSION}")
            with client.writes_unlocked((EXTENSION,)):
                with pytest.raises(RefusedError, match="the beta version is only read"):
                    await attempt(client, beta)
                with pytest.raises(RefusedError, match=f"Refused to send {method} to /v1.0x/"):
                    await attempt(client, elsewhere)
        return graph.methods

    assert asyncio.run(run()) == []


def test_the_beta_version_is_read_on_the_same_host_with_the_token():
    async def run():
        async with scripted(Reply(body={"id": "1"})) as graph, graph_at(graph.base) as client:
            await client.read(Request("GET", "{+baseurl}/x/{id}", {"id": "a b"}, beta=True))
        return graph.seen[0].target, graph.seen[0].headers["authorization"]

    target, authorization = asyncio.run(run())
    assert target == "/beta/x/a%20b"
    assert authorization.startswith("Bearer ")


@pytest.mark.parametrize("missing", ["None", ""])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_an_address_without_an_id_is_refused_before_anything_is_sent(method, missing):
    async def run():
        async with (
            scripted(Reply(body={"id": "1"})) as graph,
            graph_at(graph.base, retries=3) as client,
        ):
            address = extensions(client, method, catalog_id=missing)
            item = f"{{+baseurl}}/catalogs/{missing}"
            for request in (address, Request(method, item), Request(method, f"{item}/x?y=z")):
                with (
                    client.writes_unlocked((missing,)),
                    pytest.raises(RefusedError, match="an id is missing"),
                ):
                    await attempt(client, request)
        return graph.connections

    assert asyncio.run(run()) == 0


def test_a_write_goes_to_the_documented_address_with_json_and_the_token():
    async def run():
        async with scripted(Reply(201, {"id": "1"})) as graph, graph_at(graph.base) as client:
            await send(client, "POST")
            await send(client, "PUT")
        return graph.seen

    post, put = asyncio.run(run())
    assert (post.path, put.path) == (
        f"/catalogs/{CATALOG}/customWorkflowExtensions",
        f"/catalogs/{CATALOG}/customWorkflowExtensions/e-1",
    )
    for seen in (post, put):
        assert seen.json == BODY
        assert seen.headers["content-type"] == "application/json"
        assert seen.headers["accept"] == "application/json"


def test_answered_tells_whether_any_http_answer_came():
    async def run():
        async with scripted(Reply(way="drop"), Reply(500)) as graph, graph_at(graph.base) as client:
            reported = [client.answered]
            for _ in range(2):
                with pytest.raises(Exception, match=r"HTTP 500|no answer"):
                    await send(client, "GET")
                reported.append(client.answered)
            return reported

    assert asyncio.run(run()) == [False, False, True]


@pytest.mark.parametrize("way", ["answer", "drop", "reset", "half", "hang", "garbage"])
def test_every_socket_is_closed_whatever_happened_to_it(way, recwarn):
    async def run():
        async with scripted(Reply(body={"id": "1" * 50}, way=way)) as graph:
            async with graph_at(graph.base) as client:
                for _ in range(3):
                    with (
                        nullcontext() if way == "answer" else pytest.raises(ServiceUnansweredError)
                    ):
                        await send(client, "GET")
            await asyncio.sleep(0)
            return graph.connections

    assert asyncio.run(run()) == (1 if way == "answer" else 3)
    gc.collect()
    assert [
        str(warning.message) for warning in recwarn if warning.category is ResourceWarning
    ] == []


def test_connections_are_reused_and_no_more_than_the_concurrency():
    async def run():
        async with (
            scripted(Reply(body={"id": "1"})) as graph,
            graph_at(graph.base, concurrency=3) as client,
        ):
            await asyncio.gather(*(send(client, "GET") for _ in range(20)))
            return graph.connections, len(graph.seen)

    connections, requests = asyncio.run(run())
    assert connections <= 3
    assert requests == 20


def test_a_cookie_of_an_answer_is_not_sent_back():
    async def run():
        reply = Reply(body={"id": "1"}, headers={"Set-Cookie": "affinity=1; Path=/"})
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            await send(client, "GET")
            await send(client, "GET")
            return graph.seen

    assert [seen.headers.get("cookie") for seen in asyncio.run(run())] == [None, None]


def test_an_answer_that_is_not_read_keeps_no_connection():
    async def run():
        reply = Reply(body={"id": "1"}, headers={"Content-Encoding": "br"})
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            for _ in range(3):
                with pytest.raises(GarbledAnswerError):
                    await send(client, "GET")
            await asyncio.wait_for(graph.idle.wait(), LIMIT_S)

    asyncio.run(run())


def test_an_address_where_nobody_listens_is_named_in_the_error():
    port = closed_port()
    with pytest.raises(ServiceUnansweredError, match=rf"http://127\.0\.0\.1:{port}") as caught:
        asyncio.run(read(f"http://127.0.0.1:{port}/v1.0"))
    assert caught.value.not_sent
    assert caught.value.hint


def test_a_request_that_was_cut_off_while_it_connected_costs_no_other_its_connection():
    async def run():
        async with (
            scripted(Reply(body={"id": "1"})) as graph,
            graph_at(graph.base) as client,
        ):
            for turns in range(60):
                task = asyncio.create_task(send(client, "GET"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await send(client, "GET")

    asyncio.run(run())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32"])
def test_a_secret_is_learned_in_every_encoding_that_json_may_have(encoding):
    secret = "q7Zk2mVtX9bLr4pWnC0sYh8eJd"
    body = json.dumps({"id": "e-1", "url": f"https://x/?a=1&sig={secret}"}).encode(encoding)

    async def run():
        async with scripted(Reply(200, body)) as graph, graph_at(graph.base) as client:
            return await send(client, "GET")

    assert secret in str(asyncio.run(run()).body)
    assert mask(f"said by someone: {secret}") == "said by someone: ***"
