"""The mechanisms of throttling, each through its own surface and with a clock of the test's own."""

import asyncio

import pytest
from harness import Running

from reconciler.graph.throttling.concurrency import ROUNDS_BEFORE_RAISE, AdaptiveConcurrency
from reconciler.graph.throttling.pause import SharedPause
from reconciler.graph.throttling.permits import Permits
from reconciler.graph.throttling.request_queue import RequestQueue


async def turns():
    """Every other task gets as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


# The concurrency


def test_the_concurrency_is_halved_and_never_falls_below_one():
    concurrency = AdaptiveConcurrency(9)
    allowed = []
    for _ in range(5):
        concurrency.halve()
        allowed.append(concurrency.current)
    assert allowed == [4, 2, 1, 1, 1]


def successes_until_raised(concurrency):
    """How many successes raise the concurrency by one."""
    before, successes = concurrency.current, 1
    while not concurrency.count_success():
        successes += 1
    assert concurrency.current == before + 1
    return successes


def test_the_concurrency_rises_by_one_after_ten_rounds_of_successes():
    concurrency = AdaptiveConcurrency(4)
    concurrency.halve()
    assert ROUNDS_BEFORE_RAISE == 10
    assert [successes_until_raised(concurrency) for _ in range(2)] == [20, 30]


def test_the_concurrency_never_rises_above_its_maximum():
    concurrency = AdaptiveConcurrency(2)
    assert not any(concurrency.count_success() for _ in range(100))
    assert concurrency.current == 2


def test_successes_from_before_a_throttling_raise_nothing():
    concurrency = AdaptiveConcurrency(8)
    concurrency.halve()
    for _ in range(39):
        concurrency.count_success()
    concurrency.halve()
    assert successes_until_raised(concurrency) == 20


# The pause


def test_the_pause_ends_with_its_last_holder():
    async def run():
        pause = SharedPause(lambda: 0.0)
        await pause.ended()
        with pause.hold():
            with pause.hold():
                waiting = asyncio.create_task(pause.ended())
            await turns()
            during = pause.active, waiting.done()
        await waiting
        return during, pause.active

    during, active_after = asyncio.run(run())
    assert during == (True, False)
    assert not active_after


def test_a_pause_ends_also_if_its_holder_fails():
    async def run():
        pause = SharedPause(lambda: 0.0)
        with pytest.raises(OSError, match="gone"), pause.hold():
            raise OSError("gone")
        await pause.ended()
        return pause.active

    assert not asyncio.run(run())


def test_the_longer_of_two_delays_counts_and_passes_with_the_clock():
    clock = Running()
    pause = SharedPause(lambda: clock.now_s)
    assert pause.delay_s == 0.0
    pause.delay_next(7)
    pause.delay_next(3)
    assert pause.delay_s == 7.0
    clock.now_s = 5.0
    assert pause.delay_s == 2.0
    clock.now_s = 9.0
    assert pause.delay_s == 0.0


def test_a_delay_is_taken_once():
    pause = SharedPause(lambda: 0.0)
    pause.delay_next(7)
    assert pause.take_delay() == 7.0
    assert pause.delay_s == 0.0


# The queue and the permits


def test_requests_have_their_turns_in_order_and_a_task_can_skip_the_queue():
    async def run():
        queue, order = RequestQueue(), []

        async def request(name):
            async with queue.turn():
                order.append(name)

        async def read_back():
            with queue.skip():
                await request("read-back")
            await request("after the read-back")

        async with queue.turn():
            tasks = []
            for work in (request("first"), read_back(), request("last")):
                tasks.append(asyncio.create_task(work))
                await turns()
            during = list(order)
        await asyncio.gather(*tasks)
        return during, order

    during, order = asyncio.run(run())
    assert during == ["read-back"]
    assert order == ["read-back", "first", "after the read-back", "last"]


def test_only_the_task_that_says_so_skips_the_queue():
    async def run():
        queue = RequestQueue()

        async def skipped():
            return queue.skipped

        with queue.skip():
            return queue.skipped, await asyncio.create_task(skipped())

    assert asyncio.run(run()) == (True, False)


def test_permits_go_to_tasks_in_order_and_their_number_can_change():
    async def run():
        permits, order = Permits(1), []

        async def request(number):
            await permits.acquire()
            order.append(number)
            await end.wait()
            permits.release()

        end = asyncio.Event()
        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(request(number)))
            await turns()
        in_use = [permits.in_use]
        permits.resize(3)
        await turns()
        in_use.append(permits.in_use)
        permits.resize(1)
        in_use.append(permits.in_use)
        end.set()
        await asyncio.gather(*tasks)
        return in_use, permits.in_use, order

    in_use, in_use_after, order = asyncio.run(run())
    assert in_use == [1, 3, 3]
    assert in_use_after == 0
    assert order == [0, 1, 2, 3]


def test_a_permit_is_held_by_its_task_alone():
    async def run():
        permits = Permits(2)

        async def held_elsewhere():
            return permits.held

        await permits.acquire()
        held = permits.held, await asyncio.create_task(held_elsewhere())
        permits.release()
        return (*held, permits.held)

    assert asyncio.run(run()) == (True, False, False)
