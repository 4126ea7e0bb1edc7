"""Ending on request: the first SIGINT or SIGTERM is a wish, not a stroke."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals(then: Callable[[], object] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has come; it only calls `then`. A second one does what it did before the block."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        """Remembers the signal."""
        received.append(number)
        for each, handler in former.items():
            signal.signal(each, handler)
        then()

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
