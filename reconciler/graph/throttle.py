"""How many requests may go: all hold back while Graph asks for it; after that fewer go at a time, and in a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from reconciler.errors import GraphRefusalError
from reconciler.graph.retry import LONGEST_WAITING_S, RetryPolicy

log = logging.getLogger("reconciler.graph")

_LONGEST_WINDOW_S = 10.0
"""A longer Retry-After is no measure of a rate: it is how long Graph wants to be left alone."""
_FEWEST_ANSWERS = 5
_CALM_WINDOWS = 10
_MOST_IN_A_WINDOW = 10_000
"""Answers remembered; that many in one window are no reason to hold back."""

Tell = Callable[[str], None]
"""Told, in a few words, why nothing seems to happen; an empty text when all is well again."""


class Throttle:
    """One gate for all requests of a run; no limits are published for entitlement management (docs/graph.md §5.1).

    When Graph starts to ask for patience, half as many may be in flight from then on, and one more after each round of
    good answers, up to `most` again. When it asks again after a burst of answers, though all waited as they were told,
    it is how many go in a time that is too much: no more go in as much time as it asks to wait, until ten such windows
    have passed without a refusal; then twice as many may. Belongs to one event loop.
    """

    def __init__(self, most: int, policy: RetryPolicy, tell: Tell) -> None:
        self._most = most
        self._policy = policy
        self._tell = tell
        self._not_before_s = policy.elapsed_s()
        self._slots = anyio.CapacityLimiter(most)
        self._queue = asyncio.Lock()
        self._placed: set[asyncio.Task[object] | None] = set()
        self._ahead: set[asyncio.Task[object] | None] = set()
        self._reserved = 0
        self._answered_s: deque[float] = deque(maxlen=_MOST_IN_A_WINDOW)
        self._refused_before = False
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

    @property
    def calm(self) -> bool:
        """True while Graph asks for no patience."""
        return self._open.is_set()

    @asynccontextmanager
    async def slot(self, requests: int = 1) -> AsyncIterator[None]:
        """A place among the requests in flight, held while the block lasts; first come, first served.

        There is room for so many `requests` then. Who has a place and asks again, in the same task, uses the one he
        has: the look that a write needs before it leaves is made in the place that the write has won.

        Raises:
            GraphRefusalError: Graph asked for more patience than a run has.
        """
        task = asyncio.current_task()
        if task in self._placed:
            await self._wait_as_asked()
            yield
            return
        if task in self._ahead:
            await self._win_place()
        else:
            async with self._queue:
                await self._wait_for_room(requests)
                await self._win_place()
        self._placed.add(task)
        self._reserved += requests
        try:
            yield
        finally:
            self._reserved -= requests
            self._placed.discard(task)
            self._slots.release()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """The requests of this task wait for no room while the block lasts: what was written waits to be confirmed."""
        task = asyncio.current_task()
        self._ahead.add(task)
        try:
            yield
        finally:
            self._ahead.discard(task)

    def answered(self) -> None:
        """Graph took a request, whatever it made of it."""
        self._answered_s.append(self._policy.elapsed_s())

    def answered_well(self) -> None:
        """After as many good answers as may be in flight, one more may be; after calm windows, twice as many in one."""
        self.answered()
        now_s = self._policy.elapsed_s()
        if self._allowed is not None and now_s - self._calm_since_s > _CALM_WINDOWS * self._window_s:
            self._allowed, self._calm_since_s = 2 * self._allowed, now_s
        self._good_answers += 1
        if self.at_a_time < self._most and self._good_answers >= self.at_a_time:
            self._allow(self.at_a_time + 1)
            log.info("Graph answers well; now %d requests at a time.", self.at_a_time)

    def owe(self, wait_s: float) -> None:
        """Graph asked for so long a wait, and the request that was told goes out no more: the next one will wait."""
        self._not_before_s = max(self._not_before_s, self._policy.elapsed_s() + wait_s)

    async def pause(self, wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
        """Waits, and keeps every other request back meanwhile: Graph asked for it, and asks each of us alike.

        `named`: it named the time. `of_a_limit`: with a 429, so that it may be a limit of how many go in that time.
        """
        throttled = f"Throttled by Graph (Retry-After {wait_s:.0f} s)" if named else "Throttled by Graph"
        if not self._pauses:
            fewer = self._limit(wait_s) if of_a_limit else None
            log.warning("%s. Pausing all requests; %s.", throttled, fewer or self._halve())
            self._refused_before |= of_a_limit
        self._pauses += 1
        self._open.clear()
        try:
            self._tell(throttled)
            await self._policy.sleep(wait_s)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._open.set()
                self._tell("")
                self._calm_since_s = self._policy.elapsed_s()

    async def _win_place(self) -> None:
        """Waits while Graph wants it and for a place, until there is one and Graph wants nothing."""
        while True:
            await self._wait_as_asked()
            await self._slots.acquire()
            if self._open.is_set() and self._owed_s() <= 0:
                return
            self._slots.release()

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

    async def _wait_for_room(self, requests: int) -> None:
        """Waits until so many answers more would not be too many for Graph in a window."""
        waited = False
        while (wait_s := self._no_room_for_s(requests)) > 0:
            if not waited:
                self._tell(f"Graph takes {self._allowed} requests in {self._window_s:.0f} s")
            waited = True
            await self._policy.sleep(wait_s)
        if waited:
            self._tell("")

    def _no_room_for_s(self, requests: int) -> float:
        if self._allowed is None:
            return 0.0
        now_s = self._policy.elapsed_s()
        while self._answered_s and self._answered_s[0] <= now_s - self._window_s:
            self._answered_s.popleft()
        taken = len(self._answered_s) + self._reserved
        if not taken or taken + requests <= self._allowed:
            return 0.0
        # What is in flight counts from its answer, which is later than Graph's own count of it.
        return (self._answered_s[0] if self._answered_s else now_s) + self._window_s - now_s

    def _limit(self, wait_s: float) -> str | None:
        """No more in so much time than were answered in it, said in words; None where that explains nothing."""
        since_s = self._policy.elapsed_s() - wait_s
        answered = sum(moment_s > since_s for moment_s in self._answered_s)
        if not self._refused_before or wait_s > _LONGEST_WINDOW_S or answered < max(self.at_a_time, _FEWEST_ANSWERS):
            return None
        self._allowed, self._window_s = answered, wait_s
        return f"then at most {answered} requests per {wait_s:.0f} s"

    def _halve(self) -> str:
        """Half as many at a time, said in words."""
        self._allowed = None
        self._allow(max(1, self.at_a_time // 2))
        return f"concurrency reduced to {self.at_a_time}"

    def _owed_s(self) -> float:
        return self._not_before_s - self._policy.elapsed_s()

    def _allow(self, at_a_time: int) -> None:
        self._good_answers = 0
        self._slots.total_tokens = at_a_time
