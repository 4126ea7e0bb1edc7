"""What is sent again and what never is, after how long, and under which id; with the real SDK over
real sockets.
"""

import asyncio
from contextlib import nullcontext
from datetime import timedelta
from email.utils import format_datetime

import pytest
from clock import TIMEOUT_S, let_others_go_on, pass_time
from hypothesis import given
from hypothesis import strategies as st
from tiers import sample

from reconciler.errors import (
    GarbledAnswerError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.network.back_off import BackOff
from reconciler.network.retry import RetryPolicy
from tests.graph.graph_clients import NOW, extension, graph_at, send
from tests.graph.scripted import Reply, closed_port, refused, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

GOOD = Reply(200, {"id": "1"})
FAILURES = {
    **{str(status): refused(status) for status in (400, 403, 404, 405, 408, 409, 412, 422, 429)},
    **{str(status): refused(status) for status in (500, 501, 502, 503, 504)},
    "drop": Reply(way="drop"),
    "reset": Reply(way="reset"),
    "half": Reply(body={"id": "1" * 80}, way="half"),
    "garbage": Reply(way="garbage"),
    "timeout": Reply(way="hang"),
    "html": Reply(200, "<html>", {"Content-Type": "text/html"}),
    "empty": Reply(200, ""),
}  # fmt: skip
LOST = {"drop", "reset", "half", "garbage", "timeout"}
REPEATED = {"408", "409", "429", "500", "501", "502", "503", "504", "html", "empty"} | LOST


@pytest.mark.parametrize("failure", FAILURES)
def test_which_reads_are_sent_again(failure):
    async def run():
        waits: list[float] = []
        async with (
            scripted(FAILURES[failure], GOOD) as graph,
            graph_at(graph.base, retries=3, waits=waits) as client,
        ):
            try:
                await send(client, "GET")
            except ServiceError as error:
                return graph.methods, waits, error
            return graph.methods, waits, None

    methods, waits, error = asyncio.run(run())
    repeated = failure in REPEATED
    assert methods == ["GET"] * (2 if repeated else 1)
    assert len(waits) == (1 if repeated else 0)
    assert (error is None) == repeated


@pytest.mark.parametrize("failure", ["429", "503", "timeout", "reset", "html"])
def test_a_read_that_can_be_made_in_another_way_is_repeated_as_rarely_as_a_create(failure):
    async def run():
        async with (
            scripted(FAILURES[failure], GOOD) as graph,
            graph_at(graph.base, retries=3) as client,
        ):
            with nullcontext() if failure == "429" else pytest.raises(ServiceError):
                await client.read(extension(client), retry_unclear=False)
            return graph.methods

    assert asyncio.run(run()) == ["GET"] * (2 if failure == "429" else 1)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_one_attempt_of_a_write_is_sent_once_and_says_what_became_of_it(method, failure):
    async def run():
        waits: list[float] = []
        async with (
            scripted(FAILURES[failure]) as graph,
            graph_at(graph.base, retries=3, waits=waits) as client,
        ):
            try:
                return await send(client, method), graph.methods, waits
            except ServiceError as error:
                return error, graph.methods, waits

    result, methods, waits = asyncio.run(run())
    assert (methods, waits) == ([method], [])
    if failure in LOST:
        assert isinstance(result, ServiceUnansweredError)
        assert not result.not_sent
    elif failure == "html":
        assert isinstance(result, GarbledAnswerError)
    elif failure == "empty":
        assert result.body == {}
    else:
        assert (result.status, result.request_id) == (int(failure), "r-1")


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_the_number_of_repetitions_is_bounded(retries):
    async def run():
        waits: list[float] = []
        async with (
            scripted(refused(503)) as graph,
            graph_at(graph.base, retries=retries, waits=waits) as client,
        ):
            with pytest.raises(ServiceRefusalError) as caught:
                await send(client, "GET")
        return graph.seen, waits, caught.value

    seen, waits, error = asyncio.run(run())
    assert len(seen) == retries + 1
    assert len(waits) == retries
    assert error.status == 503


@pytest.mark.parametrize("method", sample(["GET", "POST", "PUT"], "POST".__eq__))
def test_a_request_whose_connection_cannot_be_made_was_not_sent(method):
    async def run():
        waits: list[float] = []
        async with graph_at(
            f"http://127.0.0.1:{closed_port()}/v1.0", retries=1, waits=waits
        ) as client:
            with pytest.raises(ServiceUnansweredError) as caught:
                await send(client, method)
        return waits, caught.value.not_sent

    waits, not_sent = asyncio.run(run())
    assert len(waits) == (1 if method == "GET" else 0)
    assert not_sent


def test_all_attempts_carry_one_client_request_id_and_one_token():
    async def run():
        async with scripted(refused(503), Reply(way="drop"), refused(429), GOOD) as graph:
            async with graph_at(graph.base, retries=3) as client:
                await send(client, "GET")
                await send(client, "GET")
            return graph.seen

    *attempts, other = asyncio.run(run())
    assert len(attempts) == 4
    assert len({seen.headers["client-request-id"] for seen in attempts}) == 1
    assert other.headers["client-request-id"] != attempts[0].headers["client-request-id"]
    for seen in (*attempts, other):
        assert seen.headers["authorization"] == "Bearer loopback-token-not-secret"


def test_the_retry_and_redirect_handlers_of_the_sdk_are_not_active():
    async def run():
        async with scripted(refused(503, Retry_After="0")) as graph, graph_at(graph.base) as client:
            with pytest.raises(ServiceRefusalError):
                await send(client, "POST")
            with pytest.raises(ServiceRefusalError):
                await send(client, "GET")
        return graph.seen

    seen = asyncio.run(run())
    assert [one.method for one in seen] == ["POST", "GET"]
    assert not any("retry-attempt" in one.headers for one in seen)


def http_date(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        (None, 0.5),
        ("7", 7),
        ("0", 0),
        (" 12 ", 12),
        ("300", 300),
        (http_date(90), 90),
        (http_date(-90), 0),
        ("Fri, 02 Jan 2026 03:04:25 -0000", 20),
        ("", 0.5),
        ("soon", 0.5),
        ("-5", 0.5),
        ("1.5", 1.5),
        ("0,120", 120),
        ("120, 0", 120),
        ("5 , 7,6", 7),
        (",,3,", 3),
        (f"5, {http_date(90)}", 90),
        (f"{http_date(90)},120", 120),
        (f"{http_date(-90)}, {http_date(60)}, {http_date(30)}", 60),
        ("Friday, 02-Jan-26 03:04:25 GMT, 7", 20),
        ("soon, 7", 7),
        ("-5, 7", 7),
        ("-5, -7", 0.5),
        ("1e2", 0.5),
        ("nan", 0.5),
        ("inf", 0.5),
        ("٣", 0.5),
        ("Fri, 32 Jan 2026 03:04:25 GMT", 0.5),
        ("Fri, 02 Jan 99999999999999999999 03:04:25 GMT", 0.5),
        ("Fri, 02 Jan 2026 03:04:25 +99999999999999999999", 0.5),
    ],
)
def test_retry_after_is_honoured_where_it_can_be_read(retry_after, wait_s):
    async def run():
        waits: list[float] = []
        headers = (
            {} if retry_after is None else {"Retry-After": retry_after.encode().decode("latin-1")}
        )
        async with (
            scripted(Reply(429, headers=headers), GOOD) as graph,
            graph_at(graph.base, retries=1, waits=waits) as client,
        ):
            await send(client, "GET")
        return waits

    assert asyncio.run(run()) == [wait_s]


@pytest.mark.parametrize("clock_is_wrong_by_s", [-3600, 0, 86_400])
def test_a_date_is_counted_from_graphs_own_clock(clock_is_wrong_by_s):
    graphs_time = http_date(clock_is_wrong_by_s)
    headers = {"Date": graphs_time, "Retry-After": http_date(clock_is_wrong_by_s + 42)}

    async def run():
        waits: list[float] = []
        async with (
            scripted(Reply(429, headers=headers), GOOD) as graph,
            graph_at(graph.base, retries=1, waits=waits) as client,
        ):
            await send(client, "GET")
        return waits

    assert asyncio.run(run()) == [42]


@given(
    st.one_of(
        st.text(),
        st.from_regex(
            r"\A[A-Z][a-z]{2}, [0-9]{1,9} [A-Z][a-z]{2} [0-9]{1,20} [0-9:.]{0,20}"
            r" [-+]?[0-9A-Z]{0,30}\Z"
        ),
    )
)
def test_no_retry_after_whatsoever_breaks_the_loop(text):  # fmt: skip

    async def run():
        waits: list[float] = []

        async def sleep(wait_s: float) -> None:
            waits.append(wait_s)

        async def pause(wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
            await sleep(wait_s)

        policy = RetryPolicy(1, sleep=sleep, now=lambda: NOW)
        delayed: list[float] = []
        back_off = BackOff(policy, "id", pause, delayed.append)
        throttled = ServiceRefusalError("no", status=429, headers={"Retry-After": text})
        retried = await back_off.wait(throttled)
        assert (len(waits), len(delayed)) == ((1, 0) if retried else (0, 1))
        assert not await back_off.wait(throttled)
        return waits

    assert all(0 <= wait_s <= 600 for wait_s in asyncio.run(run()))


@pytest.mark.parametrize("retry_after", ["9" * 500, "9" * 500 + ".5", "1," + "9" * 500])
def test_a_time_without_measure_is_still_a_number(retry_after):
    throttled = ServiceRefusalError("no", status=429, headers={"Retry-After": retry_after})
    assert RetryPolicy(1).retry_after_s(throttled) == 1e9


@pytest.mark.parametrize(
    "retry_after", ["601", "86400", "9" * 500, "601.5", "0,601", http_date(9_000)]
)
def test_graph_is_not_asked_again_before_it_wants_to_be(retry_after):
    async def run():
        async with (
            scripted(Reply(429, headers={"Retry-After": retry_after}), GOOD) as graph,
            graph_at(graph.base, retries=5, waits=[]) as client,
        ):
            with pytest.raises(ServiceRefusalError):
                await send(client, "GET")
            return len(graph.seen)

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize(
    ("chance", "waits_s"),
    [(1.0, [0.5, 1, 2, 4, 8, 16, 30, 30]), (0.0, [0.25, 0.5, 1, 2, 4, 8, 15, 15])],
)
def test_without_retry_after_the_waits_double_up_to_a_ceiling_and_chance_spreads_them(
    chance, waits_s
):
    async def run():
        waits: list[float] = []
        async with (
            scripted(refused(503)) as graph,
            graph_at(graph.base, retries=8, waits=waits, chance=chance) as client,
        ):
            with pytest.raises(ServiceRefusalError):
                await send(client, "GET")
        return waits

    assert asyncio.run(run()) == waits_s


def test_each_repetition_is_logged_with_its_reason_and_without_the_token(caplog):
    async def run():
        async with (
            scripted(refused(503, "Busy", "Later."), GOOD) as graph,
            graph_at(graph.base, retries=2) as client,
        ):
            await send(client, "GET")

    caplog.set_level("DEBUG")
    asyncio.run(run())
    reported = [
        record.getMessage() for record in caplog.records if record.name.startswith("reconciler")
    ]
    assert any("Busy: Later." in line and "attempt 2 of 3" in line for line in reported)
    assert not any("loopback-token-not-secret" in record.getMessage() for record in caplog.records)


def test_a_request_is_given_up_after_its_time_even_if_the_server_keeps_dripping():
    async def run():
        ended = asyncio.Event()

        async def drip(reader, writer):
            try:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                for _ in range(2 * int(TIMEOUT_S)):
                    writer.write(b" ")
                    await writer.drain()
                    await let_others_go_on()
                    pass_time(1)
            except ConnectionError:
                pass
            finally:
                writer.close()
                ended.set()

        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with graph_at(f"http://127.0.0.1:{port}/v1.0") as client:
                start_s = asyncio.get_running_loop().time()
                with pytest.raises(ServiceUnansweredError, match="no answer within 60 s"):
                    await send(client, "GET")
                took_s = asyncio.get_running_loop().time() - start_s
            await ended.wait()
        return took_s

    assert asyncio.run(run()) < 1.5 * TIMEOUT_S


def test_all_waits_of_one_request_together_are_bounded():
    async def run():
        waits: list[float] = []
        reply = Reply(429, headers={"Retry-After": "250"})
        async with (
            scripted(reply) as graph,
            graph_at(graph.base, retries=50, waits=waits) as client,
        ):
            with pytest.raises(ServiceRefusalError, match="Retry-After 250"):
                await send(client, "GET")
        return waits

    assert asyncio.run(run()) == [250, 250]


def test_every_attempt_is_in_the_log_under_one_client_request_id(caplog):
    async def run():
        async with scripted(refused(503), Reply(way="drop"), GOOD) as graph:
            async with graph_at(graph.base, retries=2) as client:
                await send(client, "GET")
            return graph.seen[0].headers["client-request-id"]

    caplog.set_level("INFO", logger="reconciler")
    client_request_id = asyncio.run(run())
    first, second, last = [
        record.getMessage() for record in caplog.records if client_request_id in record.getMessage()
    ]
    assert (
        "failed with HTTP 503" in first
        and "Retrying in 0.5 s (attempt 2 of 3; client request ID" in first
    )
    assert "got no answer" in second
    assert "done (request ID" in last
