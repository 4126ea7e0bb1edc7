"""Ending on request: SIGINT and SIGTERM are wishes, not strokes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals(then: Callable[[], object], wishes: int = 1) -> Iterator[None]:
    """SIGINT and SIGTERM only call `then`, so many times; the next one does what it did before the block."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        """Counts the signal."""
        received.append(number)
        if len(received) == wishes:
            for each, handler in former.items():
                signal.signal(each, handler)
        then()

    former = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
