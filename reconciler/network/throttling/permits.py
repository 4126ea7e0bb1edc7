"""Permits: how many tasks have a request in flight."""

from __future__ import annotations

import asyncio

import anyio


class Permits:
    """A number of permits, one per task; their number may change while others wait."""

    def __init__(self, total: int) -> None:
        # First come, first served; it knows which task holds a permit, and refuses it a second one.
        self._limiter = anyio.CapacityLimiter(total)

    @property
    def in_use(self) -> int:
        """How many permits are held."""
        return self._limiter.borrowed_tokens

    @property
    def held(self) -> bool:
        """True if this task holds a permit."""
        return asyncio.current_task() in self._limiter.statistics().borrowers

    async def acquire(self) -> None:
        """Waits for a permit for this task, which must not hold one."""
        await self._limiter.acquire()

    def release(self) -> None:
        """Gives back the permit of this task."""
        self._limiter.release()

    def resize(self, total: int) -> None:
        """Allows so many permits; held ones stay valid."""
        self._limiter.total_tokens = total
