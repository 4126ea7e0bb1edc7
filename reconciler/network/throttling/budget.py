"""How many requests a service accepts in a time, learned from its throttling (ADR 0023)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MAX_WINDOW_S = 10.0
"""A longer Retry-After does not measure a rate limit: no budget is learned from it."""
_MIN_ANSWERS = 5
"""Fewer answers say nothing about a rate."""
_WINDOWS_BEFORE_DOUBLING = 10
_MAX_ANSWERS_IN_WINDOW = 10_000
"""How many answers are remembered; a rate limit above that is not enforced."""


class LearnedBudget:
    """The number of requests per window that the service accepts; unlimited until it has throttled
    twice.

    A request is counted when it is answered, and reserved before: nobody knows at which moment
    the service counts it.
    """

    def __init__(self, elapsed_s: Callable[[], float]) -> None:
        self._elapsed_s = elapsed_s
        self._answered_s: deque[float] = deque(maxlen=_MAX_ANSWERS_IN_WINDOW)
        self._reserved = 0
        self._throttled_before = False
        self._limit: int | None = None
        self._window_s = 0.0
        self._calm_since_s = 0.0

    @property
    def limit(self) -> int | None:
        """The number of requests per window; None: unlimited."""
        return self._limit

    @property
    def window_s(self) -> float:
        """The length of a window in seconds; it means nothing without a limit."""
        return self._window_s

    def wait_s(self, requests: int) -> float:
        """Seconds until so many requests may be worth another try; 0.0 if they fit now.

        More requests than the limit fit if no others are counted: they would never fit otherwise.
        """
        if self._limit is None:
            return 0.0
        now_s = self._elapsed_s()
        self._forget_answers_until(now_s - self._window_s)
        used = len(self._answered_s) + self._reserved
        if not used or used + requests <= self._limit:
            return 0.0
        oldest_s = self._answered_s[0] if self._answered_s else now_s
        return oldest_s + self._window_s - now_s

    @contextmanager
    def reserve(self, requests: int) -> Iterator[None]:
        """Within the block, so many requests count as used although they are not answered yet."""
        self._reserved += requests
        try:
            yield
        finally:
            self._reserved -= requests

    def count_answer(self) -> None:
        """Counts a request that the service processed, with success or not."""
        self._answered_s.append(self._elapsed_s())

    def learn(self, retry_after_s: float, concurrency: int) -> bool:
        """True if a 429 shows the limit: as many requests as were answered within Retry-After.

        The first 429 shows none, nor does a long Retry-After, nor one after few answers: fewer than
        may be in flight at a time.
        """
        throttled_before, self._throttled_before = self._throttled_before, True
        since_s = self._elapsed_s() - retry_after_s
        answered = sum(moment_s > since_s for moment_s in self._answered_s)
        burst = answered >= max(concurrency, _MIN_ANSWERS)
        if not throttled_before or retry_after_s > _MAX_WINDOW_S or not burst:
            return False
        self._limit, self._window_s = answered, retry_after_s
        return True

    def forget(self) -> None:
        """Removes the limit."""
        self._limit = None

    def restart_calm(self) -> None:
        """Counts the windows without throttling from now."""
        self._calm_since_s = self._elapsed_s()

    def double_if_calm(self) -> None:
        """Doubles the limit after ten windows without throttling."""
        calm_s = self._elapsed_s() - self._calm_since_s
        if self._limit is not None and calm_s > _WINDOWS_BEFORE_DOUBLING * self._window_s:
            self._limit *= 2
            self.restart_calm()

    def _forget_answers_until(self, moment_s: float) -> None:
        while self._answered_s and self._answered_s[0] <= moment_s:
            self._answered_s.popleft()
