"""Throttling: Retry-After pauses all requests exactly; concurrency is reduced after it, and grows
again later.
"""

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager

import pytest
from clock import LIMIT_S, TIMEOUT_S, quiet
from harness import Running

from reconciler.auth.credentials import LoopbackToken
from reconciler.errors import ServiceRefusalError
from reconciler.graph.client import open_client
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from tests.graph.graph_clients import NOW, send
from tests.graph.scripted import TOKEN, Reply, refused, scripted
from tests.graph.throttle_log import concurrencies, consequences

pytestmark = pytest.mark.usefixtures("sockets_closed")

GOOD = Reply(200, {"id": "1"})


class Limited:
    """A script for a Graph that accepts so many requests in any second, until some moment."""

    def __init__(self, clock, a_second, until_s=1e9, takes=GOOD):
        self.clock, self.a_second, self.until_s, self.takes = clock, a_second, until_s, takes
        self.taken, self.refused = [], 0

    def __call__(self, _seen):
        now_s = self.clock.now_s
        if (
            now_s < self.until_s
            and sum(moment_s > now_s - 1 for moment_s in self.taken) >= self.a_second
        ):
            self.refused += 1
            return refused(429, Retry_After="1")
        self.taken.append(now_s)
        return self.takes


def limited(a_second, requests, until_s=1e9, takes=GOOD):
    """What became of so many requests at once: how many were taken and refused, and how long it all
    took.
    """
    clock = Running()
    graph = Limited(clock, a_second, until_s, takes)

    async def run():
        limits = Limits(
            RetryPolicy(50, clock.sleep, lambda: 1.0, lambda: NOW, lambda: clock.now_s), 5.0, 8
        )
        async with (
            scripted(graph) as served,
            open_client(served.base, LoopbackToken(TOKEN), limits) as client,
        ):
            await asyncio.gather(
                *(send(client, "GET") for _ in range(requests)), return_exceptions=takes is not GOOD
            )

    asyncio.run(run())
    return len(graph.taken), graph.refused, clock.now_s


def test_what_graph_takes_in_a_time_is_learned_from_the_second_refusal():
    taken, times_refused, took_s = limited(10, 50)
    assert taken == 50
    assert (
        times_refused <= 12
    )  # two bursts of no more than were in flight; none in the windows after them
    assert took_s == pytest.approx(4, abs=0.5)  # five bursts with a second after each but the last


def test_a_request_that_graph_takes_and_refuses_for_another_reason_counts_too():
    taken, times_refused, _ = limited(10, 140, takes=refused(404))
    assert taken == 140
    assert times_refused <= 12


def test_after_calm_windows_more_is_tried_and_what_is_too_much_is_learned_again():
    taken, times_refused, took_s = limited(10, 400)
    assert taken == 400
    assert 12 < times_refused <= 100
    assert took_s == pytest.approx(40, abs=4)


def test_when_graph_takes_more_again_more_goes():
    taken, times_refused, took_s = limited(10, 800, until_s=1.5)
    assert taken == 800
    assert times_refused <= 12
    assert took_s < 45  # ten calm windows of 10, ten of 20, …; it would take 80 s at the first rate


@pytest.mark.parametrize("refusals", [1, 2])
@pytest.mark.parametrize(
    "refusal",
    [refused(429, Retry_After="60"), refused(503, Retry_After="5"), refused(429)],
    ids=["long", "503", "bare"],
)
def test_what_is_no_measure_of_a_rate_is_waited_for_and_limits_none(refusal, refusals):
    """A long wait, one for another reason, one of our own making; the first one at all is in the
    other tests.
    """
    clock, left = Running(), refusals

    def graph(seen):
        nonlocal left
        if len(times) in (12, 24)[:refusals] and left:
            left -= 1
            times.append(None)
            return refusal
        times.append(clock.now_s)
        return GOOD

    times: list[float | None] = []

    async def run():
        limits = Limits(
            RetryPolicy(5, clock.sleep, lambda: 1.0, lambda: NOW, lambda: clock.now_s), 5.0, 8
        )
        async with (
            scripted(graph) as served,
            open_client(served.base, LoopbackToken(TOKEN), limits) as client,
        ):
            await asyncio.gather(*(send(client, "GET") for _ in range(107)))

    asyncio.run(run())
    asked_s = float(refusal.headers.get("Retry-After", 0.5))
    assert clock.now_s <= refusals * asked_s


class Clock:
    """A sleep that ends when the test says so."""

    def __init__(self):
        self.asked = []
        self.sleeping = asyncio.Event()
        self.over = asyncio.Event()
        self.elapsed_s = 0.0

    async def sleep(self, wait_s):
        self.asked.append(wait_s)
        self.sleeping.set()
        await self.over.wait()
        self.elapsed_s += wait_s


@asynccontextmanager
async def throttled(*replies, concurrency=8, remarks=None, retries=5):
    """A scripted Graph, a client of it, and the clock that both wait for."""
    clock = Clock()
    tell = (lambda _text: None) if remarks is None else remarks.append
    policy = RetryPolicy(retries, clock.sleep, lambda: 1.0, lambda: NOW, lambda: clock.elapsed_s)
    limits = Limits(policy, TIMEOUT_S, concurrency, tell)
    async with (
        asyncio.timeout(LIMIT_S),
        scripted(*replies) as graph,
        open_client(graph.base, LoopbackToken(TOKEN), limits) as client,
    ):
        yield graph, client, clock


@pytest.mark.parametrize("status", [429, 503])
def test_one_answer_that_is_throttled_holds_every_request_back(status):
    async def run():
        async with throttled(refused(status, Retry_After="7"), GOOD) as (graph, client, clock):
            async with asyncio.TaskGroup() as group:
                group.create_task(send(client, "GET"))
                await clock.sleeping.wait()
                for _ in range(10):
                    group.create_task(send(client, "GET"))
                await quiet(graph.seen)
                during = len(graph.seen)
                clock.over.set()
            return during, len(graph.seen), clock.asked

    requests_during, requests, waits_s = asyncio.run(run())
    assert requests_during == 1
    assert requests == 12
    assert waits_s == [7]


def test_a_429_without_retry_after_holds_everyone_back_too_and_a_plain_503_does_not():
    async def run(status):
        async with throttled(refused(status), GOOD) as (graph, client, clock):
            async with asyncio.TaskGroup() as group:
                group.create_task(send(client, "GET"))
                await clock.sleeping.wait()
                other = group.create_task(send(client, "GET"))
                await quiet(graph.seen)
                done = other.done()
                clock.over.set()
            return len(graph.seen), done

    assert asyncio.run(run(429)) == (3, False)
    assert asyncio.run(run(503)) == (3, True)


@pytest.mark.parametrize(
    ("status", "retry_after", "throttled_by"),
    [
        (429, {"Retry_After": "0,7"}, "Throttled by Graph (HTTP 429, Retry-After 7 s)"),
        (429, {"Retry_After": "soon"}, "Throttled by Graph (HTTP 429, no Retry-After)"),
        (429, {}, "Throttled by Graph (HTTP 429, no Retry-After)"),
        (503, {"Retry_After": "7"}, "Throttled by Graph (Retry-After 7 s)"),
    ],
)
def test_only_what_graph_answered_is_reported(status, retry_after, throttled_by, caplog):
    async def run():
        remarks = []
        async with throttled(refused(status, **retry_after), GOOD, remarks=remarks) as (
            _,
            client,
            clock,
        ):
            clock.over.set()
            await send(client, "GET")
        return remarks

    assert asyncio.run(run()) == [throttled_by, ""]
    assert f"{throttled_by}. Pausing all requests; concurrency reduced to 4." in caplog.messages


def test_fewer_requests_go_at_a_time_after_it_and_all_of_them_again_later(caplog):
    caplog.set_level(logging.INFO, "reconciler.network")
    most, remarks = Counter(), []
    arrived = done = 0

    def graph(_seen):
        nonlocal arrived
        arrived += 1
        if arrived == 1:
            return refused(429, Retry_After="7")
        allowed = concurrencies(caplog)[-1]
        most[allowed] = max(most[allowed], arrived - done)
        return GOOD

    async def request(client):
        nonlocal done
        await send(client, "GET")
        done += 1

    async def run():
        nonlocal done
        async with throttled(graph, remarks=remarks) as (_, client, clock):
            clock.over.set()
            done += 1  # the refused attempt
            await request(client)
            async with asyncio.TaskGroup() as group:
                for _ in range(100):
                    group.create_task(request(client))

    asyncio.run(run())
    assert concurrencies(caplog) == [4, 5, 6, 7, 8]
    assert all(together <= allowed for allowed, together in most.items())
    assert max(most) == 8
    assert most[8] > 1
    assert remarks == ["Throttled by Graph (HTTP 429, Retry-After 7 s)", ""]


def test_a_burst_of_refusals_halves_once_and_the_pause_ends_after_the_last_wait(caplog):
    async def run():
        replies = [refused(429, Retry_After="7") for _ in range(8)] + [GOOD] * 8
        async with throttled(*replies) as (graph, client, clock):
            async with asyncio.TaskGroup() as group:
                for _ in range(8):
                    group.create_task(send(client, "GET"))
                await clock.sleeping.wait()
                await quiet(graph.seen)
                during = len(graph.seen)
                clock.over.set()
            return during, clock.asked, len(graph.seen)

    requests_during, waits_s, requests = asyncio.run(run())
    assert requests_during == 8
    assert consequences(caplog) == ["concurrency reduced to 4"]
    assert waits_s == [7.0] * 8
    assert requests == 16


def test_it_never_falls_below_one_at_a_time(caplog):
    caplog.set_level(logging.INFO, "reconciler.network")

    async def run():
        replies = [refused(429, Retry_After="1")] * 3 + [GOOD]
        async with throttled(*replies, concurrency=2) as (graph, client, clock):
            clock.over.set()
            await send(client, "GET")
            return len(graph.seen)

    assert asyncio.run(run()) == 4
    assert concurrencies(caplog) == [1, 1, 1, 2]


def test_the_next_request_waits_if_the_throttled_one_is_not_retried():
    async def run():
        async with throttled(refused(429, Retry_After="7"), GOOD, retries=0) as (
            graph,
            client,
            clock,
        ):
            with pytest.raises(ServiceRefusalError):
                await send(client, "GET")
            async with asyncio.TaskGroup() as group:
                for _ in range(3):
                    group.create_task(send(client, "GET"))
                await clock.sleeping.wait()
                await quiet(graph.seen)
                during = len(graph.seen)
                clock.over.set()
            return during, len(graph.seen), clock.asked

    requests_during, requests, waits_s = asyncio.run(run())
    assert requests_during == 1
    assert requests == 4
    assert waits_s == [7]


def test_it_does_not_wait_for_what_has_passed_meanwhile():
    async def run():
        async with throttled(refused(429, Retry_After="7"), GOOD, retries=0) as (
            graph,
            client,
            clock,
        ):
            with pytest.raises(ServiceRefusalError):
                await send(client, "GET")
            clock.elapsed_s += 7
            await send(client, "GET")
            return len(graph.seen), clock.asked

    requests, waits_s = asyncio.run(run())
    assert requests == 2
    assert waits_s == []


def test_nothing_is_sent_after_a_retry_after_longer_than_a_run_waits():
    async def run():
        async with throttled(refused(429, Retry_After="86400"), GOOD) as (graph, client, clock):
            for _ in range(3):
                with pytest.raises(ServiceRefusalError) as caught:
                    await send(client, "GET")
            return len(graph.seen), clock.asked, str(caught.value)

    seen, asked, message = asyncio.run(run())
    assert seen == 1
    assert asked == []
    assert (
        "Retry-After 86400 s), longer than the 600 s that a run waits; the request was not sent."
        in message
    )


@pytest.mark.parametrize(("retry_after", "sent", "waits"), [("60", 10, [60]), ("86400", 1, [])])
def test_queued_requests_wait_too_when_the_last_attempt_of_another_is_throttled(
    retry_after, sent, waits
):
    async def run():
        replies = [refused(429, Retry_After=retry_after)] + [GOOD] * 9
        async with throttled(*replies, concurrency=1, retries=0) as (graph, client, clock):
            clock.over.set()
            await asyncio.gather(*(send(client, "GET") for _ in range(10)), return_exceptions=True)
            return len(graph.seen), clock.asked

    requests, waits_s = asyncio.run(run())
    assert requests == sent
    assert waits_s == waits


def test_a_closed_terminal_does_not_pause_requests_for_ever():
    def gone(_text):
        raise OSError("the terminal has gone")

    class Remarks:
        append = staticmethod(gone)

    async def run():
        async with throttled(refused(429, Retry_After="1"), GOOD, remarks=Remarks()) as (
            graph,
            client,
            clock,
        ):
            clock.over.set()
            with pytest.raises(OSError, match="gone"):
                await send(client, "GET")
            await send(client, "GET")
            return len(graph.seen)

    assert asyncio.run(run()) == 2
