"""When the throttle gives a permit: the budget, read-backs that skip the queue, and pre-checks."""

import asyncio

import pytest
from clock import LIMIT_S
from harness import Running

from reconciler.network.retry import RetryPolicy
from reconciler.network.throttle import Throttle
from tests.graph.throttle_log import consequences


def throttle_of(concurrency, clock, reported=None):
    """A throttle with this clock; what it reports is appended to `reported`."""
    report_status = [].append if reported is None else reported.append
    policy = RetryPolicy(0, clock.sleep, elapsed_s=lambda: clock.now_s)
    return Throttle(concurrency, policy, report_status, "Graph")


async def turns() -> None:
    """The other tasks get their turns."""
    for _ in range(40):
        await asyncio.sleep(0)


def test_a_few_answers_say_nothing_about_a_rate(caplog):
    async def run():
        throttle = throttle_of(2, Running())
        for _ in range(3):
            throttle.count_success()
            await throttle.pause(1, of_a_limit=True)
        return throttle.concurrency

    assert asyncio.run(run()) == 1
    assert consequences(caplog) == ["concurrency reduced to 1"] * 3


def test_a_budget_falls_with_a_429_that_it_does_not_explain(caplog):
    clock = Running()

    async def run():
        throttle = throttle_of(4, clock)
        for moment_s in (90.0, 100.0):
            clock.now_s = moment_s
            for _ in range(6):
                throttle.count_success()
            await throttle.pause(2, of_a_limit=True)
        clock.now_s = 130.0
        await throttle.pause(2, of_a_limit=True)
        for _ in range(20):
            throttle.count_answer()
        async with throttle.permit():
            return throttle.concurrency, clock.now_s

    assert asyncio.run(run()) == (2, 132.0)
    assert consequences(caplog) == [
        "concurrency reduced to 2",
        "then at most 6 requests per 2 s",
        "concurrency reduced to 2",
    ]


def test_ten_windows_without_429_count_from_the_end_of_the_pause():
    clock = Running()

    async def run():
        throttle = await limited_to_five(clock, [])
        waits_s = []
        for moment_s in (100.0, 100.1):  # the pause ended when the clock showed 0
            clock.now_s = moment_s
            throttle.count_success()
            async with throttle.permit(5):
                waits_s.append(clock.now_s - moment_s)
            clock.now_s = 100.0
        return waits_s

    assert asyncio.run(run()) == [pytest.approx(10.0), 0.0]


async def limited_to_five(clock, reported):
    """A throttle that has learned a budget of five requests in ten seconds, none of them sent
    yet; the clock shows 0, and nothing is reported.
    """
    throttle = throttle_of(8, clock, reported)
    clock.now_s = -20.0
    await throttle.pause(10, of_a_limit=True)
    for _ in range(5):
        throttle.count_answer()
    await throttle.pause(10, of_a_limit=True)
    reported.clear()
    return throttle


@pytest.mark.parametrize(
    ("answers", "requests", "waits"), [(4, 1, False), (4, 2, True), (5, 1, True), (0, 9, False)]
)
def test_a_permit_waits_until_the_budget_allows_all_its_requests(answers, requests, waits):
    clock, reported = Running(), []

    async def run():
        throttle = await limited_to_five(clock, reported)
        for _ in range(answers):
            throttle.count_answer()
        async with throttle.permit(requests):
            return clock.now_s

    assert asyncio.run(run()) == (10.0 if waits else 0.0)
    assert reported == (["Rate limited by Graph to 5 requests per 10 s", ""] if waits else [])


def test_a_permit_reserves_its_requests_while_it_is_held():
    clock = Running()

    async def run():
        throttle = await limited_to_five(clock, [])

        async def another():
            async with throttle.permit(3):
                return clock.now_s

        async with throttle.permit(3):
            waiting = asyncio.create_task(another())
            for _ in range(10):  # fewer turns than a sleep of this clock takes
                await asyncio.sleep(0)
        return await waiting

    assert asyncio.run(run()) == 10.0


def test_read_backs_skip_the_queue_for_the_budget():
    clock, reported = Running(), []

    async def run():
        throttle = await limited_to_five(clock, reported)
        order = []

        def use_up_the_budget():
            for _ in range(5):
                throttle.count_answer()

        async def hurried():
            with throttle.skip_queue():
                async with throttle.permit():
                    order.append(("skips the queue", clock.now_s))

        async def queued():
            async with throttle.permit():
                order.append(("queues", clock.now_s))

        use_up_the_budget()
        waiting = asyncio.create_task(queued())
        await asyncio.sleep(0)
        await hurried()
        await waiting
        with throttle.skip_queue():
            pass
        use_up_the_budget()
        await queued()
        return order

    assert asyncio.run(run()) == [("skips the queue", 0.0), ("queues", 10.0), ("queues", 20.0)]


def test_a_pre_check_reuses_the_permit_of_its_write():
    async def run():
        throttle = throttle_of(1, Running())
        order = []

        async def another():
            async with throttle.permit():
                order.append("another request")

        async with throttle.permit():
            waiting = asyncio.create_task(another())
            async with throttle.permit():
                order.append("pre-check")
            for _ in range(10):
                await asyncio.sleep(0)
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


def test_a_delay_is_waited_for_once_even_if_the_clock_stands_still():
    waits_s = []

    async def sleep(wait_s):
        waits_s.append(wait_s)

    async def run():
        policy = RetryPolicy(0, sleep, elapsed_s=lambda: 0.0)
        throttle = Throttle(8, policy, lambda _text: None, "Graph")
        throttle.delay_next(7)
        async with asyncio.timeout(LIMIT_S):
            for _ in range(2):
                async with throttle.permit():
                    pass

    asyncio.run(run())
    assert waits_s == [7]


def test_a_delay_that_nobody_has_waited_for_is_a_pause_too():
    clock = Running()
    throttle = throttle_of(2, clock)
    assert not throttle.paused
    throttle.delay_next(5)
    assert throttle.paused
    clock.now_s = 5.0
    assert not throttle.paused
