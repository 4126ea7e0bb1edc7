"""Why a run is to end before all of it is done: the operator wishes it, or nothing more can be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reconciler.errors import ReconcilerError

GRACE_S = 30.0
"""How long what is in flight may still take after the wish: as long as one request, by default."""


class Stop:
    """First wish: no new write begins, and what is in flight has `grace_s` to end. Second wish: it ends at once.

    `because` says why no new write may begin, None while one may; `error` is what made the run give up.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.wished = False
        self.because: str | None = None
        self.error: ReconcilerError | None = None
        self._grace_s = grace_s
        self._deadline: float | None = None
        self._scopes: set[asyncio.Timeout] = set()

    def wish(self) -> None:
        """The operator asks for the end; to be called in the event loop."""
        self._deadline = asyncio.get_running_loop().time() + (0 if self.wished else self._grace_s)
        self.wished = True
        self.because = self.because or "the run was interrupted before it"
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(self._deadline)

    def give_up(self, because: str, error: ReconcilerError) -> None:
        """Nothing more can be written; what is in flight goes on."""
        self.because = self.because or because
        self.error = self.error or error

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """The block, cut off when the time is over.

        Raises:
            TimeoutError: it was cut off.
        """
        async with asyncio.timeout_at(self._deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
