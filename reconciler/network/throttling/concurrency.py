"""How many requests may be in flight, found by trying."""

from __future__ import annotations


class AdaptiveConcurrency:
    """How many requests may be in flight: halved by throttling, raised by one after as many
    successes as it allows at a time.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._current = maximum
        self._successes = 0

    @property
    def current(self) -> int:
        """How many requests may be in flight now, 1 to `maximum`."""
        return self._current

    def halve(self) -> None:
        """Allows half as many, but at least one."""
        self._set(max(1, self._current // 2))

    def count_success(self) -> bool:
        """True if this success raises the concurrency."""
        self._successes += 1
        if self._current == self._maximum or self._successes < self._current:
            return False
        self._set(self._current + 1)
        return True

    def _set(self, concurrency: int) -> None:
        self._current = concurrency
        self._successes = 0
