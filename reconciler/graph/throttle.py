"""How many requests may be in flight: all hold back while Graph asks for it, and fewer go at a time after that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

log = logging.getLogger("reconciler.graph")

Tell = Callable[[str], None]
"""Told, in a few words, why nothing seems to happen; an empty text when all is well again."""


class Throttle:
    """One gate for all requests of a run; no limits are published for entitlement management (contract §6.1).

    Halves what may be in flight when Graph starts to ask for patience, and lets one more through after each round of
    good answers, up to `most` again. Belongs to one event loop.
    """

    def __init__(self, most: int, sleep: Callable[[float], Awaitable[None]], tell: Tell) -> None:
        self._most = most
        self._sleep = sleep
        self._tell = tell
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
    async def slot(self) -> AsyncIterator[None]:
        """A place among the requests in flight, held while the block lasts; first come, first served."""
        while True:
            await self._open.wait()
            await self._slots.acquire()
            if self._open.is_set():
                break
            self._slots.release()
        try:
            yield
        finally:
            self._slots.release()

    def answered_well(self) -> None:
        """After as many good answers as may be in flight, one more may be."""
        self._good_answers += 1
        if self.at_a_time < self._most and self._good_answers >= self.at_a_time:
            self._allow(self.at_a_time + 1)
            log.info("Graph answers well; now %d requests at a time.", self.at_a_time)

    async def pause(self, wait_s: float) -> None:
        """Waits, and keeps every other request back meanwhile: Graph asked for it, and asks each of us alike."""
        if not self._pauses:
            self._allow(max(1, self.at_a_time // 2))
            log.warning("Graph asks for %.0f s of patience; then %d requests at a time.", wait_s, self.at_a_time)
        self._pauses += 1
        self._open.clear()
        self._tell(f"Graph asks for {wait_s:.0f} s of patience, then {self.at_a_time} at a time")
        try:
            await self._sleep(wait_s)
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._open.set()
                self._tell("")

    def _allow(self, at_a_time: int) -> None:
        self._good_answers = 0
        self._slots.total_tokens = at_a_time
