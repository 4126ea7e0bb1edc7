"""How many requests may go: all hold back while Graph asks for it; after that fewer go at a time, and in a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from reconciler.errors import GraphRefusalError
from reconciler.graph.retry import LONGEST_WAITING_S, RetryPolicy

log = logging.getLogger("reconciler.graph")

_CALM_WINDOWS = 10
_SHORT_WAIT_S = 0.5
_MOST_IN_A_WINDOW = 10_000
"""Answers remembered; that many in one window are no reason to hold back."""

Tell = Callable[[str], None]
"""Told, in a few words, why nothing seems to happen; an empty text when all is well again."""


class Throttle:
    """One gate for all requests of a run; no limits are published for entitlement management (contract §6.1).

    When Graph starts to ask for patience, what is too much is either how many requests went in a time, or how many at a
    time. If a burst of answers came in as much time as it asks to wait, it allows as many in that time, and no more go
    in any such window; after ten windows without a refusal twice as many may. If not, half as many may be in flight
    from then on, and one more after each round of good answers, up to `most` again. Belongs to one event loop.
    """

    def __init__(self, most: int, policy: RetryPolicy, tell: Tell) -> None:
        self._most = most
        self._policy = policy
        self._tell = tell
        self._not_before_s = policy.elapsed_s()
        self._slots = anyio.CapacityLimiter(most)
        self._queue = asyncio.Lock()
        self._answered_s: deque[float] = deque(maxlen=_MOST_IN_A_WINDOW)
        self._allowed: int | None = None
        self._window_s = 0.0
        self._calm_since_s = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._pauses = 0
        self._good_answers = 0

    @property
    def at_a_time(self) -> int:
        """How many requests may be in flight now."""
        return int(self._slots.total_tokens)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[bool]:
        """A place among the requests in flight, held while the block lasts; first come, first served.

        Yields True when the request had to wait for it so long that much may have changed meanwhile.

        Raises:
            GraphRefusalError: Graph asked for more patience than a run has.
        """
        calm, since_s = self._open.is_set(), self._policy.elapsed_s()
        async with self._queue:
            while True:
                await self._wait_as_asked()
                await self._wait_for_room()
                await self._slots.acquire()
                if self._open.is_set() and self._owed_s() <= 0:
                    break
                self._slots.release()
        try:
            yield not calm or self._policy.elapsed_s() - since_s > _SHORT_WAIT_S
        finally:
            self._slots.release()

    def answered_well(self) -> None:
        """After as many good answers as may be in flight, one more may be; after calm windows, twice as many in one."""
        now_s = self._policy.elapsed_s()
        self._answered_s.append(now_s)
        if self._allowed is not None and now_s - self._calm_since_s > _CALM_WINDOWS * self._window_s:
            self._allowed, self._calm_since_s = 2 * self._allowed, now_s
        self._good_answers += 1
        if self.at_a_time < self._most and self._good_answers >= self.at_a_time:
            self._allow(self.at_a_time + 1)
            log.info("Graph answers well; now %d requests at a time.", self.at_a_time)

    def owe(self, wait_s: float) -> None:
        """Graph asked for so long a wait, and the request that was told goes out no more: the next one will wait."""
        self._not_before_s = max(self._not_before_s, self._policy.elapsed_s() + wait_s)

    async def pause(self, wait_s: float) -> None:
        """Waits, and keeps every other request back meanwhile: Graph asked for it, and asks each of us alike."""
        if not self._pauses:
            log.warning("Graph asks for %.0f s of patience; then %s.", wait_s, self._hold_back(wait_s))
        self._pauses += 1
        self._open.clear()
        try:
            self._tell(f"Graph asks for {wait_s:.0f} s of patience")
            await self._policy.sleep(wait_s)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._open.set()
                self._tell("")
                self._calm_since_s = self._policy.elapsed_s()

    async def _wait_as_asked(self) -> None:
        """Waits while Graph wants it."""
        owed_s = self._owed_s()
        if owed_s > LONGEST_WAITING_S:
            raise GraphRefusalError(
                f"Graph asks for {owed_s:.0f} s of patience, longer than a run waits; nothing more is sent before.",
                status=429,
                headers={"Retry-After": f"{owed_s:.0f}"},
            )
        if owed_s > 0:
            self._not_before_s = self._policy.elapsed_s()
            await self.pause(owed_s)
        await self._open.wait()

    async def _wait_for_room(self) -> None:
        """Waits until one more answer would not be more than Graph seems to allow in a window."""
        while self._allowed is not None:
            now_s = self._policy.elapsed_s()
            while self._answered_s and self._answered_s[0] <= now_s - self._window_s:
                self._answered_s.popleft()
            if len(self._answered_s) + self._slots.borrowed_tokens < self._allowed:
                return
                # What is in flight counts from its answer, which is later than Graph's own count of it.
            first_s = self._answered_s[0] if self._answered_s else now_s
            await self._policy.sleep(first_s + self._window_s - now_s)

    def _hold_back(self, wait_s: float) -> str:
        """Fewer from now on; says how many."""
        since_s = self._policy.elapsed_s() - wait_s
        answered = sum(moment_s > since_s for moment_s in self._answered_s)
        if answered >= self.at_a_time:
            self._allowed, self._window_s = answered, wait_s
            return f"{answered} requests in as much time"
        self._allowed = None
        self._allow(max(1, self.at_a_time // 2))
        return f"{self.at_a_time} requests at a time"

    def _owed_s(self) -> float:
        return self._not_before_s - self._policy.elapsed_s()

    def _allow(self, at_a_time: int) -> None:
        self._good_answers = 0
        self._slots.total_tokens = at_a_time
