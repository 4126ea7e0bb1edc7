"""The mechanisms of throttling, each through its own surface and with a clock of the test's own."""

import asyncio

import pytest
from harness import Running

from reconciler.network.throttling.budget import LearnedBudget
from reconciler.network.throttling.concurrency import AdaptiveConcurrency
from reconciler.network.throttling.pause import SharedPause
from reconciler.network.throttling.permits import Permits
from reconciler.network.throttling.request_queue import RequestQueue


def answered(budget, answers):
    """Counts so many answers now."""
    for _ in range(answers):
        budget.count_answer()


def learned(clock, limit, window_s=10.0):
    """A budget of so many requests per window, none of them used."""
    budget = LearnedBudget(lambda: clock.now_s)
    budget.learn(window_s, concurrency=1)
    answered(budget, limit)
    assert budget.learn(window_s, concurrency=1)
    assert (budget.limit, budget.window_s) == (limit, window_s)
    clock.now_s += window_s
    return budget


async def turns():
    """Every other task gets as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


# The budget


def test_a_request_waits_for_no_budget_before_one_is_learned():
    budget = LearnedBudget(lambda: 0.0)
    answered(budget, 1000)
    assert budget.limit is None
    assert budget.wait_s(1000) == 0.0


def test_the_first_429_shows_no_limit_and_the_second_one_does():
    budget = LearnedBudget(lambda: 0.0)
    answered(budget, 20)
    assert not budget.learn(10.0, concurrency=8)
    assert budget.limit is None
    assert budget.learn(10.0, concurrency=8)
    assert budget.limit == 20


@pytest.mark.parametrize(
    ("answers", "retry_after_s", "concurrency", "learns"),
    [
        (5, 10.0, 4, True),
        (4, 10.0, 1, False),
        (7, 10.0, 8, False),
        (8, 10.0, 8, True),
        (20, 10.1, 8, False),
    ],
    ids=["burst", "few", "fewer than at a time", "as many as at a time", "long"],
)
def test_only_a_burst_and_a_short_retry_after_show_a_limit(
    answers, retry_after_s, concurrency, learns
):
    budget = LearnedBudget(lambda: 0.0)
    budget.learn(1.0, concurrency)
    answered(budget, answers)
    assert budget.learn(retry_after_s, concurrency) is learns
    assert budget.limit == (answers if learns else None)


def test_answers_from_before_the_window_do_not_count():
    clock = Running()
    budget = learned(clock, 9)
    answered(budget, 3)
    clock.now_s += 10
    answered(budget, 6)
    assert budget.learn(10.0, concurrency=1)
    assert budget.limit == 6


@pytest.mark.parametrize(
    ("answers", "requests", "wait_s"), [(4, 1, 0.0), (4, 2, 10.0), (5, 1, 10.0), (0, 9, 0.0)]
)
def test_requests_wait_until_all_of_them_fit_the_budget(answers, requests, wait_s):
    budget = learned(Running(), 5)
    answered(budget, answers)
    assert budget.wait_s(requests) == wait_s


def test_a_request_fits_when_the_oldest_answer_has_left_the_window():
    clock = Running()
    budget = learned(clock, 5)
    budget.count_answer()
    clock.now_s += 4
    answered(budget, 4)
    assert budget.wait_s(1) == 6.0
    clock.now_s += 6
    assert budget.wait_s(1) == 0.0
    assert budget.wait_s(2) == 4.0


def test_requests_in_flight_are_reserved_until_they_are_answered():
    budget = learned(Running(), 5)
    with budget.reserve(3):
        assert budget.wait_s(2) == 0.0
        assert budget.wait_s(3) == 10.0
    assert budget.wait_s(3) == 0.0


def test_the_budget_doubles_after_ten_windows_without_throttling():
    clock = Running()
    budget = learned(clock, 6, window_s=2.0)
    budget.restart_calm()
    limits, start_s = [], clock.now_s
    for calm_s in (0.0, 20.0, 20.1, 40.0, 40.2):
        clock.now_s = start_s + calm_s
        budget.double_if_calm()
        limits.append(budget.limit)
    assert limits == [6, 6, 12, 12, 24]


def test_a_forgotten_budget_limits_nothing_and_is_not_doubled():
    clock = Running()
    budget = learned(clock, 5)
    answered(budget, 5)
    budget.forget()
    assert budget.wait_s(1) == 0.0
    clock.now_s += 1000
    budget.double_if_calm()
    assert budget.limit is None


# The concurrency


def test_the_concurrency_is_halved_and_never_falls_below_one():
    concurrency = AdaptiveConcurrency(9)
    allowed = []
    for _ in range(5):
        concurrency.halve()
        allowed.append(concurrency.current)
    assert allowed == [4, 2, 1, 1, 1]


def test_the_concurrency_rises_by_one_after_as_many_successes_and_stops_at_its_maximum():
    concurrency = AdaptiveConcurrency(4)
    concurrency.halve()
    raised = [concurrency.count_success() for _ in range(9)]
    assert raised == [False, True, False, False, True, False, False, False, False]
    assert concurrency.current == 4


def test_successes_from_before_a_throttling_raise_nothing():
    concurrency = AdaptiveConcurrency(8)
    concurrency.halve()
    for _ in range(3):
        concurrency.count_success()
    concurrency.halve()
    assert [concurrency.count_success() for _ in range(2)] == [False, True]


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
