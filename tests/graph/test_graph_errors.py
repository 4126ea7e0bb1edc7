"""Error bodies and untrustworthy answers: always an error of ours, never a crash, never "empty"."""

import asyncio
import gzip
import json

import pytest

from reconciler.errors import GarbledAnswerError, ServiceAnswerError, ServiceRefusalError
from tests.graph.graph_clients import catalogs, extensions, graph_at, send
from tests.graph.scripted import CATALOG, Reply, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

HTML = {"Content-Type": "text/html; charset=utf-8"}


def failure(reply, method="GET"):
    async def run():
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            with pytest.raises((ServiceRefusalError, ServiceAnswerError)) as caught:
                await send(client, method)
        return caught.value

    return asyncio.run(run())


def test_graphs_own_words_come_through():
    inner = {"date": "2026-01-02T03:04:05", "request-id": "in-the-body", "client-request-id": "c"}
    body = {
        "error": {"code": "InvalidModel", "message": "The model is invalid.", "innerError": inner}
    }
    error = failure(Reply(400, body, {"request-id": "in-the-header", "Retry-After": "9"}), "POST")
    assert isinstance(error, ServiceRefusalError)
    assert error.status == 400
    assert error.code == "InvalidModel"
    assert error.request_id == "in-the-header"
    assert error.headers["Retry-After"] == "9"
    assert (
        str(error) == f"POST /catalogs/{CATALOG}/customWorkflowExtensions failed with HTTP 400 "
        "(InvalidModel: The model is invalid.; request ID in-the-header; Retry-After 9)."
    )


ODD = {
    "html": ("<html><body>502 Bad Gateway</body></html>", HTML),
    "text": ("nope", {"Content-Type": "text/plain"}),
    "empty": ("", {}),
    "no type": ("", {"Content-Type": ""}),
    "truncated": ('{"error": {"code": "Inv', {}),
    "null": ("null", {}),
    "list": ("[]", {}),
    "list of lists": ("[[1], {}]", {}),
    "text in JSON": ('"no"', {}),
    "number": ("5", {}),
    "no error": ("{}", {}),
    "error null": ('{"error": null}', {}),
    "error text": ('{"error": "no"}', {}),
    "error list": ('{"error": ["no"]}', {}),
    "error empty": ('{"error": {}}', {}),
    "code number": ('{"error": {"code": 5, "message": ["x"]}}', {}),
    "message null": ('{"error": {"code": null, "message": null}}', {}),
    "bad date": (
        '{"error": {"code": "A", "message": "B", "innerError": {"date": "yesterday"}}}',
        {},
    ),
    "details": ('{"error": {"code": "A", "message": "B", "details": "x", "target": {}}}', {}),
    "details list": (
        '{"error": {"code": "A", "message": "B", "details": [1, null, {"code": []}]}}',
        {},
    ),
    "lower case": (
        '{"error": {"code": "A", "message": "B", "innererror": {"x": [1, "a", null]}}}',
        {},
    ),
    "unknown": (
        '{"error": {"code": "A", "message": "B", "x": [[{}], 1, "2026-01-02"]}, "y": 1e999}',
        {},
    ),
    "deep": ("[" * 100_000, {}),
    "not UTF-8": (b'{"error": {"code": "\xff\xfe"}}', {}),
    "false gzip": (b"not gzip", {"Content-Encoding": "gzip"}),
    "XML": ("<a/>", {"Content-Type": "application/xml"}),
    "octets": (b"\x00\x01", {"Content-Type": "application/octet-stream"}),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_error_status_stays_one_whatever_the_body(odd, status):
    body, headers = ODD[odd]
    error = failure(Reply(status, body, headers))
    if odd == "false gzip":
        assert isinstance(error, ServiceAnswerError)
        return
    assert isinstance(error, ServiceRefusalError)
    assert error.status == status
    assert error.request_id == "r-1"
    assert f"HTTP {status}" in str(error)
    assert "None" not in str(error)


@pytest.mark.parametrize("status", [418, 451, 499, 599, 600, 999])
def test_unusual_error_statuses_are_refusals(status):
    error = failure(Reply(status, {"error": {"code": "A", "message": "B"}}))
    assert isinstance(error, ServiceRefusalError)
    assert error.status == status


def test_a_missing_request_id_is_not_shown_as_none():
    async def run():
        reply = Reply(400, {"error": {"code": "A", "message": "B"}}, {"request-id": ""})
        async with scripted(reply) as graph, graph_at(graph.base) as client:
            with pytest.raises(ServiceRefusalError) as caught:
                await send(client, "GET")
        return str(caught.value)

    assert "None" not in asyncio.run(run())


def test_a_long_message_is_cut():
    error = failure(Reply(400, {"error": {"code": "A", "message": "x" * 5_000}}))
    assert len(str(error)) < 700


TRAPS = {
    "html": ("<html>sign in</html>", HTML),
    "truncated": ('{"value": [{"id": "1"}', {}),
    "empty": ("", {}),
    "no type": ("", {"Content-Type": ""}),
    "null": ("null", {}),
    "list": ("[]", {}),
    "object": ("{}", {}),
    "value null": ('{"value": null}', {}),
    "value object": ('{"value": {}}', {}),
    "value text": ('{"value": ["x"]}', {}),
    "value numbers": ('{"value": [{"id": "1"}, 1]}', {}),
    "value nulls": ('{"value": [null]}', {}),
    "value a word": ('{"value": "[]"}', {}),
    "value false": ('{"value": false}', {}),
    "other case": ('{"Value": []}', {}),
    "error in a 200": ('{"error": {"code": "A", "message": "B"}}', {}),
    "number": ("0", {}),
    "deep": ('{"value": ' + "[" * 100_000, {}),
    "many digits": ('{"value": [], "x": ' + "9" * 10_000 + "}", {}),
    "NaN": ('{"value": [{"id": "1", "clientConfiguration": {"timeoutInMilliseconds": NaN}}]}', {}),
    "Infinity": (
        '{"value": [{"id": "1", "clientConfiguration": {"timeoutInMilliseconds": -Infinity}}]}',
        {},
    ),
    "1e999": (
        '{"value": [{"id": "1", "clientConfiguration": {"timeoutInMilliseconds": 1e999}}]}',
        {},
    ),
    "beyond a double": ('{"value": [{"id": "1", "x": 1' + "0" * 400 + "}]}", {}),
    "400 levels": ('{"value": [{"id": "1", "x": ' + '{"a": ' * 400 + "1" + "}" * 400 + "}]}", {}),
    "not UTF-8": (b'{"value": [{"id": "\xff"}]}', {}),
    "false gzip": (b"not gzip", {"Content-Encoding": "gzip"}),
    "link a number": ('{"value": [], "@odata.nextLink": 5}', {}),
    "link an object": ('{"value": [], "@odata.nextLink": {}}', {}),
    "link false": ('{"value": [], "@odata.nextLink": false}', {}),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("first", [True, False])
def test_a_2xx_that_is_no_listing_is_never_an_empty_one(trap, first):
    body, headers = TRAPS[trap]

    async def run():
        def reply(seen):
            if first or "skiptoken" in seen.target:
                return Reply(200, body, headers)
            return Reply(
                body={"value": [{"id": "1"}], "@odata.nextLink": f"{graph.base}/x?$skiptoken=1"}
            )

        async with scripted(reply) as graph, graph_at(graph.base, retries=2) as client:
            with pytest.raises(ServiceAnswerError) as caught:
                await client.pages(extensions(client))
            return len(graph.seen), isinstance(caught.value, GarbledAnswerError)

    asked, garbled = asyncio.run(run())
    assert asked == (0 if first else 1) + (3 if garbled else 1)


@pytest.mark.parametrize("status", [201, 202, 204])
def test_a_listing_answered_without_content_is_no_empty_listing(status):
    async def run():
        async with scripted(Reply(status, "")) as graph, graph_at(graph.base) as client:
            with pytest.raises(ServiceAnswerError):
                await client.pages(catalogs(client))

    asyncio.run(run())


def test_a_truthfully_empty_listing_is_empty_and_compressed_answers_are_read():
    async def run():
        packed = gzip.compress(json.dumps({"value": [], "@odata.context": "x"}).encode())
        async with (
            scripted(Reply(200, packed, {"Content-Encoding": "gzip"})) as graph,
            graph_at(graph.base) as client,
        ):
            return await client.pages(catalogs(client))

    assert asyncio.run(run()) == []
