"""When a request is retried, and after which wait. tenacity runs the loop."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from reconciler.errors import GarbledAnswerError, GraphRefusalError, GraphUnansweredError

log = logging.getLogger("reconciler.graph")

FIRST_WAIT_S = 0.5
MAX_WAIT_S = 30.0
MAX_TOTAL_WAIT_S = 600.0
"""All waits of one request together. With a longer `Retry-After` it fails; it is never sent earlier
(docs/graph.md §5.1)."""

_MAX_RETRY_AFTER_S = 1e9
"""A larger Retry-After is reduced to this; both are far beyond what a run waits."""
_NUMBER = re.compile("[0-9]+([.][0-9]+)?")

Sleep = Callable[[float], Awaitable[None]]


class Pause(Protocol):
    """Pauses all requests."""

    async def __call__(
        self, wait_s: float, *, named: bool = True, of_a_limit: bool = False
    ) -> None:
        """Pauses for so long; `named`: Graph gave a Retry-After; `of_a_limit`: it did so with HTTP
        429.
        """


def may_repeat(error: BaseException, *, retry_unclear: bool) -> bool:
    """True if a retry is safe and may succeed.

    Any request is retried if it was certainly not sent, and after HTTP 429. With `retry_unclear`,
    so never for a POST that Graph may have applied (docs/graph.md §5.3, §6.2), it is also retried
    after HTTP 5xx, 408, 409 and redirects, and after a lost or unreadable answer. A PUT is
    pre-checked before, as a conflict demands (docs/graph.md §5.2).
    """
    if isinstance(error, GraphRefusalError):
        return error.status == 429 or (retry_unclear and not error.certain)
    if isinstance(error, GraphUnansweredError):
        return error.not_sent or retry_unclear
    return isinstance(error, GarbledAnswerError) and retry_unclear


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is retried; clocks, sleep and randomness are parameters so that tests can
    replace them.
    """

    max_retries: int
    sleep: Sleep = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    elapsed_s: Callable[[], float] = time.monotonic

    def loop(
        self, client_request_id: str, pause_all: Pause, *, retry_unclear: bool
    ) -> AsyncRetrying:
        """The retry loop for one request; `retry_unclear` as in `may_repeat`. It raises the last
        error unchanged.

        `pause_all` pauses all requests and reports it; it is used when Graph asked for the wait.
        """
        failure: BaseException | None = None

        def log_retry(state: RetryCallState) -> None:
            """Logs why the request is retried, and when."""
            nonlocal failure
            failure = _failure(state)
            log.log(
                logging.INFO if self._throttles(failure) else logging.WARNING,
                "%s Retrying in %.1f s (attempt %d of %d; client request ID %s).",
                failure,
                state.upcoming_sleep,
                state.attempt_number + 1,
                self.max_retries + 1,
                client_request_id,
            )

        async def wait(wait_s: float) -> None:
            """Delays this request, or all requests if Graph asked for it."""
            if not self._throttles(failure):
                await self.sleep(wait_s)
                return
            named = self.retry_after_s(failure) is not None
            await pause_all(wait_s, named=named, of_a_limit=_is_429(failure) and named)

        return AsyncRetrying(
            retry=retry_if_exception(lambda error: may_repeat(error, retry_unclear=retry_unclear)),
            stop=lambda state: (
                stop_after_attempt(self.max_retries + 1)(state) or _waits_too_long(state)
            ),
            wait=self.wait_s,
            sleep=wait,
            before_sleep=log_retry,
            reraise=True,
        )

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: Retry-After, else exponential back-off with jitter of one
        half.
        """
        asked = self.retry_after_s(_failure(state))
        if asked is not None:
            return asked
        ceiling: float = min(MAX_WAIT_S, FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        return ceiling * (0.5 + self.chance() / 2)

    def _throttles(self, error: BaseException | None) -> bool:
        """True for HTTP 429, and for any other answer with Retry-After."""
        return _is_429(error) or self.retry_after_s(error) is not None

    def retry_after_s(self, error: BaseException | None) -> float | None:
        """Seconds of a Retry-After header, given as numbers or HTTP dates; None if absent or
        unreadable.

        The longest of several values is used: the headers of Graph and of a proxy arrive joined
        (RFC 9110 §5.3).
        """
        if not isinstance(error, GraphRefusalError):
            return None
        # This splits a date after its weekday; without the weekday it is parsed as the same time.
        values = error.headers.get("Retry-After", "").split(",")
        waits_s = [self._wait_s(value.strip(), error.headers.get("Date")) for value in values]
        return max((wait_s for wait_s in waits_s if wait_s is not None), default=None)

    def _wait_s(self, value: str, date: str | None) -> float | None:
        """Seconds of one value; a date is compared with the answer's Date, so a wrong local clock
        does not matter.
        """
        if _NUMBER.fullmatch(value):
            return min(float(value), _MAX_RETRY_AFTER_S)
        until = _moment(value)
        if until is None:
            return None
        answered = _moment(date) or self.now()
        return max(0.0, (until - answered).total_seconds())


def _is_429(error: BaseException | None) -> bool:
    return isinstance(error, GraphRefusalError) and error.status == 429


def _moment(http_date: str | None) -> datetime | None:
    """The moment of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(http_date or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _waits_too_long(state: RetryCallState) -> bool:
    return state.idle_for + state.upcoming_sleep > MAX_TOTAL_WAIT_S
