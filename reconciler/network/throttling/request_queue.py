"""The order of requests: first come, first served, except for those that skip the queue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class RequestQueue:
    """Requests wait here for their turn, each in a task of its own."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._skippers: set[asyncio.Task[object] | None] = set()

    @property
    def skipped(self) -> bool:
        """True if the requests of this task do not queue."""
        return asyncio.current_task() in self._skippers

    @contextmanager
    def skip(self) -> Iterator[None]:
        """Within the block, the requests of this task do not queue."""
        task = asyncio.current_task()
        self._skippers.add(task)
        try:
            yield
        finally:
            self._skippers.discard(task)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The turn of one request, within the block; at once if its task skips the queue."""
        if self.skipped:
            yield
            return
        async with self._turn:
            yield
