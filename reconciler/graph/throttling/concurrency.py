"""How many requests may be in flight, found by trying."""

from __future__ import annotations

ROUNDS_BEFORE_RAISE = 10
"""A round is as many successes as the concurrency. With one round, writes starve at a low limit:
pre-checks use it up, and the writes after them are throttled until their retries are used up
(ADR 0023)."""


class AdaptiveConcurrency:
    """How many requests may be in flight: halved by throttling, raised by one after ten rounds of
    successes.
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
        if self._current == self._maximum:
            return False
        if self._successes < ROUNDS_BEFORE_RAISE * self._current:
            return False
        self._set(self._current + 1)
        return True

    def _set(self, concurrency: int) -> None:
        self._current = concurrency
        self._successes = 0
