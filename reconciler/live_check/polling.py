"""Reads after writes may lag (docs/graph.md §5.5): what is expected is polled for, with growing
pauses and a limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from reconciler.network.retry import RetryPolicy

LIMIT_S = 60.0
"""How long something is polled for before its absence counts as an answer."""
FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of polling: its number from 1, the seconds since the first, and whether it is the
    last.
    """

    number: int
    elapsed_s: float
    last: bool


async def turns(policy: RetryPolicy, limit_s: float = LIMIT_S) -> AsyncIterator[Turn]:
    """The turns of polling, with a pause between them; the first is at once."""
    start_s, pause_s, number = policy.elapsed_s(), FIRST_PAUSE_S, 1
    while True:
        elapsed_s = policy.elapsed_s() - start_s
        last = elapsed_s + pause_s > limit_s
        yield Turn(number, elapsed_s, last)
        if last:
            return
        await policy.sleep(pause_s)
        number, pause_s = number + 1, min(pause_s * 2, _LONGEST_PAUSE_S)
