"""Ending on request: SIGINT and SIGTERM are wishes, not strokes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_signals(then: Callable[[], object], wishes: int = 1) -> None:
    """SIGINT and SIGTERM only call `then` from now on, so many times; the next one does what it did before."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        """Counts the signal."""
        received.append(number)
        if len(received) == wishes:
            for each, handler in former.items():
                signal.signal(each, handler)
        then()

    former = {number: signal.signal(number, note) for number in _SIGNALS}


@contextmanager
def signals_restored() -> Iterator[None]:
    """What SIGINT and SIGTERM do before the block they do after it; in between, a report is safe from them."""
    former = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
