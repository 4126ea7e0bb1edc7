"""The pause of all requests of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SharedPause:
    """The time in which no request is sent, because one of them was throttled.

    A throttled request that is retried holds the pause while it waits. If it is not retried, nobody
    waits: the delay is kept for the next request, which then holds the pause for the rest of it.
    """

    def __init__(self, elapsed_s: Callable[[], float]) -> None:
        self._elapsed_s = elapsed_s
        self._delayed_until_s = elapsed_s()
        self._holders = 0
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def active(self) -> bool:
        """True while a request holds the pause."""
        return self._holders > 0

    @property
    def delay_s(self) -> float:
        """Seconds that the next request must still wait; 0.0 if it need not."""
        return max(0.0, self._delayed_until_s - self._elapsed_s())

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Within the block, the pause is active; it ends with the last block of all requests."""
        self._holders += 1
        self._ended.clear()
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self._ended.set()

    async def ended(self) -> None:
        """Waits until no request holds the pause."""
        await self._ended.wait()

    def delay_next(self, wait_s: float) -> None:
        """Delays the next request for so long; the longer of two delays counts."""
        self._delayed_until_s = max(self._delayed_until_s, self._elapsed_s() + wait_s)

    def take_delay(self) -> float:
        """The seconds of `delay_s`; the caller waits for them, so they are due no more."""
        delay_s = self.delay_s
        self._delayed_until_s = self._elapsed_s()
        return delay_s
