"""Throttling: pauses all requests while Graph asks for it, then limits their concurrency."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

from reconciler.errors import GraphRefusalError
from reconciler.graph.retry import MAX_TOTAL_WAIT_S, RetryPolicy
from reconciler.graph.throttling.concurrency import AdaptiveConcurrency
from reconciler.graph.throttling.pause import SharedPause
from reconciler.graph.throttling.permits import Permits
from reconciler.graph.throttling.request_queue import RequestQueue

log = logging.getLogger("reconciler.graph")

ReportStatus = Callable[[str], None]
"""Called with a short text while requests wait, and with an empty text when they continue."""


class Throttle:
    """Throttling for all requests of a run; no limits are published for entitlement management
    (docs/graph.md §5.1).

    A request waits for its turn in the queue, for the end of the pause and for a permit, in this
    order. When Graph throttles, all requests pause, and the concurrency is halved; it grows again
    slowly (ADR 0023). Belongs to one event loop.
    """

    def __init__(
        self, max_concurrency: int, policy: RetryPolicy, report_status: ReportStatus
    ) -> None:
        self._sleep = policy.sleep
        self._report_status = report_status
        self._pause = SharedPause(policy.elapsed_s)
        self._concurrency = AdaptiveConcurrency(max_concurrency)
        self._queue = RequestQueue()
        self._permits = Permits(max_concurrency)

    @property
    def concurrency(self) -> int:
        """How many requests may be in flight now."""
        return self._concurrency.current

    @property
    def paused(self) -> bool:
        """True while all requests pause because Graph throttled one of them."""
        return self._pause.active

    @asynccontextmanager
    async def permit(self, requests: int = 1) -> AsyncIterator[None]:  # noqa: ARG002 - see below
        """A permit for a request, held within the block; first come, first served.

        Re-entrant per task: a write's pre-check reuses the write's permit. `requests` has no effect
        (ADR 0023); it is accepted while reconciler/graph/client.py passes it.

        Raises:
            GraphRefusalError: Graph asked for a longer wait than a run accepts.
        """
        if self._permits.held:
            await self._wait_for_pause()
            yield
            return
        async with self._queue.turn():
            await self._acquire_permit()
        try:
            yield
        finally:
            self._permits.release()

    def skip_queue(self) -> AbstractContextManager[None]:
        """Within the block, requests of this task do not queue: they read back what was just
        written.
        """
        return self._queue.skip()

    def count_answer(self) -> None:
        """Has no effect (ADR 0023); it exists while reconciler/graph/client.py calls it."""

    def count_success(self) -> None:
        """Counts a success: raises the concurrency after enough of them."""
        if self._concurrency.count_success():
            self._permits.resize(self.concurrency)
            log.info("No throttling since; concurrency raised to %d.", self.concurrency)

    def delay_next(self, wait_s: float) -> None:
        """Pauses the next requests for so long: Graph asked for it in answer to a request that is
        not retried.
        """
        self._pause.delay_next(wait_s)

    async def pause(self, wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
        """Waits, and pauses all other requests meanwhile: Graph's throttling applies to every one
        of them.

        `named`: Graph gave a Retry-After. `of_a_limit`: with HTTP 429.
        """
        throttled = f"Throttled by Graph ({_reason(wait_s, named=named, of_a_limit=of_a_limit)})"
        if not self.paused:  # a burst of refusals counts once
            self._concurrency.halve()
            self._permits.resize(self.concurrency)
            log.warning(
                "%s. Pausing all requests; concurrency reduced to %d.", throttled, self.concurrency
            )
        try:
            with self._pause.hold():
                self._report_status(throttled)
                await self._sleep(wait_s)
        finally:
            if not self.paused:
                self._report_status("")

    async def _acquire_permit(self) -> None:
        """Waits for the end of the pause and for a permit; gives the permit back if another pause
        began meanwhile.
        """
        while True:
            await self._wait_for_pause()
            await self._permits.acquire()
            if not self.paused and not self._pause.delay_s:
                return
            self._permits.release()

    async def _wait_for_pause(self) -> None:
        """Waits for the end of the pause."""
        delay_s = self._pause.delay_s
        if delay_s > MAX_TOTAL_WAIT_S:
            raise GraphRefusalError(
                f"Throttled by Graph (Retry-After {delay_s:.0f} s), longer than the"
                f" {MAX_TOTAL_WAIT_S:.0f} s that a run waits; the request was not sent.",
                status=429,
                headers={"Retry-After": f"{delay_s:.0f}"},
            )
        if delay_s > 0:
            await self.pause(self._pause.take_delay())
        await self._pause.ended()


def _reason(wait_s: float, *, named: bool, of_a_limit: bool) -> str:
    """What of Graph's answer asked for the pause; a wait that Graph did not name follows HTTP 429
    alone.
    """
    status = ["HTTP 429"] if of_a_limit or not named else []
    return ", ".join([*status, f"Retry-After {wait_s:.0f} s" if named else "no Retry-After"])
