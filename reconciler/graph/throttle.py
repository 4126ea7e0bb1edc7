"""Throttling: pauses all requests while Graph asks for it, then limits their concurrency and, if
needed, their rate.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from reconciler.errors import GraphRefusalError
from reconciler.graph.retry import MAX_TOTAL_WAIT_S, RetryPolicy

log = logging.getLogger("reconciler.graph")

_MAX_WINDOW_S = 10.0
"""A longer Retry-After does not measure a rate limit: no rate is derived from it."""
_MIN_ANSWERS = 5
_WINDOWS_BEFORE_DOUBLING = 10
_MAX_ANSWERS_IN_WINDOW = 10_000
"""How many answers are remembered; a rate limit above that is not enforced."""

ReportStatus = Callable[[str], None]
"""Called with a short text while requests wait, and with an empty text when they continue."""


class Throttle:
    """Throttling for all requests of a run; no limits are published for entitlement management
    (docs/graph.md §5.1).

    When Graph throttles, all requests pause and the concurrency is halved. It then grows by one
    after as many successes as it allows at a time, up to `max_concurrency`. If Graph throttles
    again after a burst of answers, although every request waited for Retry-After, the rate is too
    high: a budget of requests per window, as long as Retry-After, is enforced. The budget doubles
    after ten windows without HTTP 429. Belongs to one event loop.
    """

    def __init__(
        self, max_concurrency: int, policy: RetryPolicy, report_status: ReportStatus
    ) -> None:
        self._max_concurrency = max_concurrency
        self._policy = policy
        self._report_status = report_status
        self._paused_until_s = policy.elapsed_s()
        self._permits = anyio.CapacityLimiter(max_concurrency)
        self._queue = asyncio.Lock()
        self._permit_holders: set[asyncio.Task[object] | None] = set()
        self._queue_skippers: set[asyncio.Task[object] | None] = set()
        self._reserved = 0
        self._answered_s: deque[float] = deque(maxlen=_MAX_ANSWERS_IN_WINDOW)
        self._throttled_before = False
        self._budget: int | None = None
        self._window_s = 0.0
        self._budget_since_s = 0.0
        self._not_paused = asyncio.Event()
        self._not_paused.set()
        self._pauses = 0
        self._successes = 0

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight now."""
        return int(self._permits.total_tokens)

    @property
    def paused(self) -> bool:
        """True while all requests pause because Graph throttled one of them."""
        return not self._not_paused.is_set()

    @asynccontextmanager
    async def permit(self, requests: int = 1) -> AsyncIterator[None]:
        """A permit for a request, held within the block; first come, first served.

        It is given once the budget allows so many `requests`. Re-entrant per task: a write's
        pre-check reuses the write's permit.

        Raises:
            GraphRefusalError: Graph asked for a longer wait than a run accepts.
        """
        task = asyncio.current_task()
        if task in self._permit_holders:
            await self._wait_for_pause()
            yield
            return
        if task in self._queue_skippers:
            await self._acquire_permit()
        else:
            async with self._queue:
                await self._wait_for_budget(requests)
                await self._acquire_permit()
        self._permit_holders.add(task)
        self._reserved += requests
        try:
            yield
        finally:
            self._reserved -= requests
            self._permit_holders.discard(task)
            self._permits.release()

    @contextmanager
    def skip_queue(self) -> Iterator[None]:
        """Within the block, requests of this task do not queue for the budget: they read back what
        was just written.
        """
        task = asyncio.current_task()
        self._queue_skippers.add(task)
        try:
            yield
        finally:
            self._queue_skippers.discard(task)

    def count_answer(self) -> None:
        """Graph processed a request, with success or not; it counts against the budget."""
        self._answered_s.append(self._policy.elapsed_s())

    def count_success(self) -> None:
        """Counts a success: raises the concurrency after enough of them, the budget after windows
        without HTTP 429.
        """
        self.count_answer()
        now_s = self._policy.elapsed_s()
        if (
            self._budget is not None
            and now_s - self._budget_since_s > _WINDOWS_BEFORE_DOUBLING * self._window_s
        ):
            self._budget, self._budget_since_s = 2 * self._budget, now_s
        self._successes += 1
        if self.concurrency < self._max_concurrency and self._successes >= self.concurrency:
            self._set_concurrency(self.concurrency + 1)
            log.info("No throttling since; concurrency raised to %d.", self.concurrency)

    def delay_next(self, wait_s: float) -> None:
        """Pauses the next requests for so long: Graph asked for it in answer to a request that is
        not retried.
        """
        self._paused_until_s = max(self._paused_until_s, self._policy.elapsed_s() + wait_s)

    async def pause(self, wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
        """Waits, and pauses all other requests meanwhile: Graph's throttling applies to every one
        of them.

        `named`: Graph gave a Retry-After. `of_a_limit`: with HTTP 429, so it may be the window of a
            rate limit.
        """
        throttled = f"Throttled by Graph ({_reason(wait_s, named=named, of_a_limit=of_a_limit)})"
        if not self._pauses:
            limit = self._limit(wait_s) if of_a_limit else None
            log.warning("%s. Pausing all requests; %s.", throttled, limit or self._halve())
            self._throttled_before |= of_a_limit
        self._pauses += 1
        self._not_paused.clear()
        try:
            self._report_status(throttled)
            await self._policy.sleep(wait_s)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._not_paused.set()
                self._report_status("")
                self._budget_since_s = self._policy.elapsed_s()

    async def _acquire_permit(self) -> None:
        """Waits for the end of the pause and for a permit; gives the permit back if another pause
        began meanwhile.
        """
        while True:
            await self._wait_for_pause()
            await self._permits.acquire()
            if self._not_paused.is_set() and self._pause_left_s() <= 0:
                return
            self._permits.release()

    async def _wait_for_pause(self) -> None:
        """Waits for the end of the pause."""
        pause_s = self._pause_left_s()
        if pause_s > MAX_TOTAL_WAIT_S:
            raise GraphRefusalError(
                f"Throttled by Graph (Retry-After {pause_s:.0f} s), longer than the"
                f" {MAX_TOTAL_WAIT_S:.0f} s that a run waits; the request was not sent.",
                status=429,
                headers={"Retry-After": f"{pause_s:.0f}"},
            )
        if pause_s > 0:
            self._paused_until_s = self._policy.elapsed_s()
            await self.pause(pause_s)
        await self._not_paused.wait()

    async def _wait_for_budget(self, requests: int) -> None:
        """Waits until the budget of the window allows so many requests more."""
        waited = False
        while (wait_s := self._budget_wait_s(requests)) > 0:
            if not waited:
                self._report_status(
                    f"Rate limited by Graph to {self._budget} requests per {self._window_s:.0f} s"
                )
            waited = True
            await self._policy.sleep(wait_s)
        if waited:
            self._report_status("")

    def _budget_wait_s(self, requests: int) -> float:
        if self._budget is None:
            return 0.0
        now_s = self._policy.elapsed_s()
        while self._answered_s and self._answered_s[0] <= now_s - self._window_s:
            self._answered_s.popleft()
        used = len(self._answered_s) + self._reserved
        if not used or used + requests <= self._budget:
            return 0.0
        # A request counts from its answer, which is later than the moment at which Graph counts it.
        return (self._answered_s[0] if self._answered_s else now_s) + self._window_s - now_s

    def _limit(self, wait_s: float) -> str | None:
        """Sets the budget to the answers of the last `wait_s`, and describes it; None if they show
        no rate limit.
        """
        since_s = self._policy.elapsed_s() - wait_s
        answered = sum(moment_s > since_s for moment_s in self._answered_s)
        if (
            not self._throttled_before
            or wait_s > _MAX_WINDOW_S
            or answered < max(self.concurrency, _MIN_ANSWERS)
        ):
            return None
        self._budget, self._window_s = answered, wait_s
        return f"then at most {answered} requests per {wait_s:.0f} s"

    def _halve(self) -> str:
        """Halves the concurrency, and describes it."""
        self._budget = None
        self._set_concurrency(max(1, self.concurrency // 2))
        return f"concurrency reduced to {self.concurrency}"

    def _pause_left_s(self) -> float:
        return self._paused_until_s - self._policy.elapsed_s()

    def _set_concurrency(self, concurrency: int) -> None:
        self._successes = 0
        self._permits.total_tokens = concurrency


def _reason(wait_s: float, *, named: bool, of_a_limit: bool) -> str:
    """What of Graph's answer asked for the pause; a wait that Graph did not name follows HTTP 429
    alone.
    """
    status = ["HTTP 429"] if of_a_limit or not named else []
    return ", ".join([*status, f"Retry-After {wait_s:.0f} s" if named else "no Retry-After"])
