"""When the throttle gives a permit: concurrency, read-backs that skip the queue, and pre-checks."""

import asyncio

import pytest
from harness import Running

from reconciler.graph.retry import RetryPolicy
from reconciler.graph.throttle import Throttle


def throttle_of(concurrency, clock):
    """A throttle with this clock."""
    policy = RetryPolicy(0, clock.sleep, elapsed_s=lambda: clock.now_s)
    return Throttle(concurrency, policy, lambda _text: None)


async def turns():
    """Every other task gets as far as it can."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("throttlings", "in_flight"), [(0, 8), (1, 4), (2, 2), (5, 1)])
def test_as_many_permits_as_the_concurrency_are_held_at_a_time(throttlings, in_flight):
    async def run():
        throttle, end = throttle_of(8, Running()), asyncio.Event()
        held = 0

        async def request():
            nonlocal held
            async with throttle.permit():
                held += 1
                await end.wait()

        for _ in range(throttlings):
            await throttle.pause(1)
        tasks = [asyncio.create_task(request()) for _ in range(12)]
        await turns()
        during = held, throttle.concurrency
        end.set()
        await asyncio.gather(*tasks)
        return during

    assert asyncio.run(run()) == (in_flight, in_flight)


def test_a_permit_more_is_given_at_once_when_the_concurrency_rises():
    async def run():
        throttle, end, order = throttle_of(2, Running()), asyncio.Event(), []

        async def request(name):
            async with throttle.permit():
                order.append(name)
                await end.wait()

        await throttle.pause(1)
        tasks = [asyncio.create_task(request(name)) for name in ("first", "second")]
        await turns()
        before = list(order)
        while throttle.concurrency == 1:
            throttle.count_success()
        await turns()
        during = list(order)
        end.set()
        await asyncio.gather(*tasks)
        return before, during

    assert asyncio.run(run()) == (["first"], ["first", "second"])


def test_read_backs_skip_the_queue():
    async def run():
        throttle, order = throttle_of(1, Running()), []

        async def request(name):
            async with throttle.permit():
                order.append(name)

        async def read_back():
            with throttle.skip_queue():
                await request("read-back")
            await request("after the read-back")

        async with throttle.permit():
            tasks = []
            for work in (request("next"), request("queued"), read_back()):
                tasks.append(asyncio.create_task(work))
                await turns()
        await asyncio.gather(*tasks)
        return order

    # The next request has left the queue already, and waits for the permit.
    assert asyncio.run(run()) == ["next", "read-back", "queued", "after the read-back"]


def test_a_pre_check_reuses_the_permit_of_its_write():
    async def run():
        throttle, order = throttle_of(1, Running()), []

        async def another():
            async with throttle.permit():
                order.append("another request")

        async with throttle.permit():
            waiting = asyncio.create_task(another())
            async with throttle.permit():
                order.append("pre-check")
            await turns()
            order.append("write")
        await waiting
        return order

    assert asyncio.run(run()) == ["pre-check", "write", "another request"]


def test_a_pre_check_with_the_permit_of_its_write_waits_for_the_end_of_a_pause():
    clock = Running()

    async def run():
        throttle = throttle_of(2, clock)
        async with throttle.permit():
            pause = asyncio.create_task(throttle.pause(7))
            await asyncio.sleep(0)
            async with throttle.permit():
                checked_s = clock.now_s
        await pause
        return checked_s

    assert asyncio.run(run()) == 7.0


def test_a_pause_that_begins_while_a_request_waits_for_its_permit_holds_it_back_too():
    clock = Running()

    async def run():
        throttle = throttle_of(1, clock)

        async def queued():
            async with throttle.permit():
                return clock.now_s

        async with throttle.permit():
            waiting = asyncio.create_task(queued())
            await turns()
            pause = asyncio.create_task(throttle.pause(7))
            await asyncio.sleep(0)
        sent_s = await waiting
        await pause
        return sent_s

    assert asyncio.run(run()) == 7.0
