"""How many requests may be in flight: all hold back while Graph asks for it, and fewer go at a time after that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from reconciler.errors import GraphRefusalError
from reconciler.graph.retry import LONGEST_WAITING_S, RetryPolicy

log = logging.getLogger("reconciler.graph")

Tell = Callable[[str], None]
"""Told, in a few words, why nothing seems to happen; an empty text when all is well again."""


class Throttle:
    """One gate for all requests of a run; no limits are published for entitlement management (contract §6.1).

    Halves what may be in flight when Graph starts to ask for patience, and lets one more through after each round of
    good answers, up to `most` again. Belongs to one event loop.
    """

    def __init__(self, most: int, policy: RetryPolicy, tell: Tell) -> None:
        self._most = most
        self._policy = policy
        self._tell = tell
        self._not_before_s = policy.elapsed_s()
        self._slots = anyio.CapacityLimiter(most)
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

        Yields True when Graph's wish for patience held the request back: much may have changed meanwhile.

        Raises:
            GraphRefusalError: Graph asked for more patience than a run has.
        """
        held_back = False
        while True:
            held_back |= await self._wait_as_asked()
            await self._slots.acquire()
            if self._open.is_set() and self._owed_s() <= 0:
                break
            self._slots.release()
        try:
            yield held_back
        finally:
            self._slots.release()

    def answered_well(self) -> None:
        """After as many good answers as may be in flight, one more may be."""
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
            self._allow(max(1, self.at_a_time // 2))
            log.warning("Graph asks for %.0f s of patience; then %d requests at a time.", wait_s, self.at_a_time)
        self._pauses += 1
        self._open.clear()
        try:
            self._tell(f"Graph asks for {wait_s:.0f} s of patience, then {self.at_a_time} at a time")
            await self._policy.sleep(wait_s)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._open.set()
                self._tell("")

    async def _wait_as_asked(self) -> bool:
        """Waits while Graph wants it; True when it did."""
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
        elif not self._open.is_set():
            await self._open.wait()
        else:
            return False
        return True

    def _owed_s(self) -> float:
        return self._not_before_s - self._policy.elapsed_s()

    def _allow(self, at_a_time: int) -> None:
        self._good_answers = 0
        self._slots.total_tokens = at_a_time
