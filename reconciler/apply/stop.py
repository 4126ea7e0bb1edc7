"""Why a run must end early: the operator asked for it, or nothing more can be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reconciler.errors import ReconcilerError, StoppedError
from reconciler.model.reason import Reason, reason

GRACE_S = 30.0
"""How long requests in flight may continue after the first signal: by default as long as one
request may take.
"""


class Stop:
    """First signal: graceful stop, no new write starts and writes in flight have `grace_s` to end.
    Second: cancel.

    `reason` says why no new write may start, None while one may; `error` is the error that ended
    the run, if one did.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self.requested = False
        self.reason: Reason | None = None
        self.error: ReconcilerError | None = None
        self._grace_s = grace_s
        self._deadline: float | None = None
        self._scopes: set[asyncio.Timeout] = set()

    def request(self) -> None:
        """The operator asks for the end of the run; to be called in the event loop."""
        self._deadline = asyncio.get_running_loop().time() + (
            0 if self.requested else self._grace_s
        )
        self.requested = True
        self.reason = self.reason or reason("interrupted")
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(self._deadline)

    def give_up(self, why: Reason, error: ReconcilerError) -> None:
        """Nothing more can be written; requests in flight continue."""
        self.reason = self.reason or why
        self.error = self.error or error

    def refuse_new_writes(self) -> None:
        """Returns if a write may start.

        Raises:
            StoppedError: the run must end.
        """
        if self.reason is not None:
            raise StoppedError(self.reason.code)

    @asynccontextmanager
    async def bounded(self) -> AsyncIterator[None]:
        """The block, cancelled at the deadline.

        Raises:
            TimeoutError: it was cancelled.
        """
        async with asyncio.timeout_at(self._deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
