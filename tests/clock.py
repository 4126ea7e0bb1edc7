"""How long tests wait: limits that no loaded machine exceeds, and a clock that nobody waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sized

TIMEOUT_S = 60.0
"""Of a request that is answered, and of everything else that takes a moment: only a failing test
waits so long.
"""
LIMIT_S = 10 * TIMEOUT_S
"""Of a story in which requests time out."""


async def let_others_go_on() -> None:
    """Everybody else in this event loop goes on, as far as they can without waiting for a clock."""
    for _ in range(200):
        await asyncio.sleep(0)


async def quiet(arrived: Sized) -> None:
    """Everybody else goes on until no more requests arrive."""
    seen = -1
    while seen != len(arrived):
        seen = len(arrived)
        await let_others_go_on()


def pass_time(wait_s: float = TIMEOUT_S) -> None:
    """The clock of this event loop goes on by so much at once: who waits for less is done.

    A time-out that a test waits for would be short, and end sometimes what it should not, for
    example a connection that is being made.
    """
    loop = asyncio.get_running_loop()
    ahead_s = loop.time() - time.monotonic() + wait_s
    loop.time = lambda: time.monotonic() + ahead_s  # type: ignore[method-assign]
