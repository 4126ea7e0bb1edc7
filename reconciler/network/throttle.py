"""Throttling: pauses all requests while the service asks for it, then limits their concurrency and,
if needed, their rate.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.network.retry import MAX_TOTAL_WAIT_S, RetryPolicy
from reconciler.network.throttling.budget import LearnedBudget
from reconciler.network.throttling.concurrency import AdaptiveConcurrency
from reconciler.network.throttling.pause import SharedPause
from reconciler.network.throttling.permits import Permits
from reconciler.network.throttling.request_queue import RequestQueue

log = logging.getLogger("reconciler.network")
A = TypeVar("A")

ReportStatus = Callable[[str], None]
"""Called with a short text while requests wait, and with an empty text when they continue."""


class Throttle:
    """Throttling for all requests of a run to one service, which messages name; no limits are
    published for entitlement management (docs/graph.md §5.1).

    A request waits for its turn in the queue, for the budget, for the end of the pause and for a
    permit, in this order. When the service throttles, all requests pause; afterwards a budget is
    enforced if this 429 shows one, else the concurrency is halved. Belongs to one event loop.
    """

    def __init__(
        self,
        max_concurrency: int,
        policy: RetryPolicy,
        report_status: ReportStatus,
        service: str,
    ) -> None:
        self._service = service
        self._sleep = policy.sleep
        self._report_status = report_status
        self._pause = SharedPause(policy.elapsed_s)
        self._concurrency = AdaptiveConcurrency(max_concurrency)
        self._budget = LearnedBudget(policy.elapsed_s)
        self._queue = RequestQueue()
        self._permits = Permits(max_concurrency)

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight now."""
        return self._concurrency.current

    @property
    def paused(self) -> bool:
        """True while a request would have to wait, because another one was throttled."""
        return self._pause.active or self._pause.delay_s > 0

    @asynccontextmanager
    async def permit(self, requests: int = 1) -> AsyncIterator[None]:
        """A permit for a request, held within the block; first come, first served.

        It is given once the budget allows so many `requests`. Re-entrant per task: a write's
        pre-check reuses the write's permit.

        Raises:
            ServiceRefusalError: the service asked for a longer wait than a run accepts.
        """
        if self._permits.held:
            await self._wait_for_pause()
            yield
            return
        async with self._queue.turn():
            if not self._queue.skipped:
                await self._wait_for_budget(requests)
            await self._acquire_permit()
        try:
            with self._budget.reserve(requests):
                yield
        finally:
            self._permits.release()

    def skip_queue(self) -> AbstractContextManager[None]:
        """Within the block, requests of this task do not queue for the budget: they read back what
        was just written.
        """
        return self._queue.skip()

    def count_answer(self) -> None:
        """The service processed a request, with success or not; it counts against the budget."""
        self._budget.count_answer()

    async def counted(self, exchange: Awaitable[A]) -> A | ServiceError:
        """The answer of one exchange, or its error as a value; counted against the budget if the
        service processed the request.
        """
        try:
            answer = await exchange
        except ServiceRefusalError as error:
            if error.status != 429:
                self.count_answer()
            return error
        except ServiceError as error:
            return error
        self.count_success()
        return answer

    def count_success(self) -> None:
        """Counts a success: raises the concurrency after enough of them, the budget after windows
        without HTTP 429.
        """
        self._budget.count_answer()
        self._budget.double_if_calm()
        if self._concurrency.count_success():
            self._permits.resize(self.concurrency)
            log.info("No throttling since; concurrency raised to %d.", self.concurrency)

    def delay_next(self, wait_s: float) -> None:
        """Pauses the next requests for so long: it was asked for in answer to a request that is
        not retried.
        """
        self._pause.delay_next(wait_s)

    async def pause(self, wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
        """Waits, and pauses all other requests meanwhile: throttling applies to every one of them.

        `named`: there was a Retry-After. `of_a_limit`: with HTTP 429, so it may be the window of a
            rate limit.
        """
        reason = _reason(wait_s, named=named, of_a_limit=of_a_limit)
        throttled = f"Throttled by {self._service} ({reason})"
        if not self._pause.active:  # a burst of refusals counts once
            consequence = self._send_less(wait_s, of_a_limit=of_a_limit)
            log.warning("%s. Pausing all requests; %s.", throttled, consequence)
        try:
            with self._pause.hold():
                self._report_status(throttled)
                await self._sleep(wait_s)
        finally:
            if not self._pause.active:
                self._report_status("")
                self._budget.restart_calm()

    def _send_less(self, wait_s: float, *, of_a_limit: bool) -> str:
        """Enforces the budget that this 429 shows, else halves the concurrency; says which."""
        if of_a_limit and self._budget.learn(wait_s, self.concurrency):
            return f"then at most {self._budget.limit} requests per {wait_s:.0f} s"
        self._budget.forget()
        self._concurrency.halve()
        self._permits.resize(self.concurrency)
        return f"concurrency reduced to {self.concurrency}"

    async def _wait_for_budget(self, requests: int) -> None:
        """Waits until the budget allows so many requests more."""
        waited = False
        while (wait_s := self._budget.wait_s(requests)) > 0:
            if not waited:
                limit, window_s = self._budget.limit, self._budget.window_s
                self._report_status(
                    f"Rate limited by {self._service} to {limit} requests per {window_s:.0f} s"
                )
            waited = True
            await self._sleep(wait_s)
        if waited:
            self._report_status("")

    async def _acquire_permit(self) -> None:
        """Waits for the end of the pause and for a permit; gives the permit back if another pause
        began meanwhile.
        """
        while True:
            await self._wait_for_pause()
            await self._permits.acquire()
            if not self.paused:
                return
            self._permits.release()

    async def _wait_for_pause(self) -> None:
        """Waits for the end of the pause."""
        delay_s = self._pause.delay_s
        if delay_s > MAX_TOTAL_WAIT_S:
            raise ServiceRefusalError(
                f"Throttled by {self._service} (Retry-After {delay_s:.0f} s), longer than the"
                f" {MAX_TOTAL_WAIT_S:.0f} s that a run waits; the request was not sent.",
                status=429,
                headers={"Retry-After": f"{delay_s:.0f}"},
            )
        if delay_s > 0:
            await self.pause(self._pause.take_delay())
        await self._pause.ended()


def _reason(wait_s: float, *, named: bool, of_a_limit: bool) -> str:
    """What of the answer asked for the pause; one that names no wait is HTTP 429 alone."""
    status = ["HTTP 429"] if of_a_limit or not named else []
    return ", ".join([*status, f"Retry-After {wait_s:.0f} s" if named else "no Retry-After"])
