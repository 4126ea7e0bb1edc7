"""Which errors are retried, and which wait an answer asks for."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from reconciler.errors import GarbledAnswerError, ServiceRefusalError, ServiceUnansweredError

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
        """Pauses for so long; `named`: there was a Retry-After; `of_a_limit`: it did so with HTTP
        429.
        """


def may_repeat(error: BaseException, *, retry_unclear: bool) -> bool:
    """True if a retry is safe and may succeed.

    Any request is retried if it was certainly not sent, and after HTTP 429. With `retry_unclear`,
    so never for a POST that Graph may have applied (docs/graph.md §5.3, §6.2), it is also retried
    after HTTP 5xx, 408, 409 and redirects, and after a lost or unreadable answer. A PUT is
    pre-checked before, as a conflict demands (docs/graph.md §5.2).
    """
    if isinstance(error, ServiceRefusalError):
        return error.status == 429 or (retry_unclear and not error.certain)
    if isinstance(error, ServiceUnansweredError):
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

    def retry_after_s(self, error: BaseException | None) -> float | None:
        """Seconds of a Retry-After header, given as numbers or HTTP dates; None if absent or
        unreadable.

        The longest of several values is used: those of the service and of a proxy arrive joined
        (RFC 9110 §5.3).
        """
        if not isinstance(error, ServiceRefusalError):
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
        return (
            None
            if until is None
            else max(0.0, (until - (_moment(date) or self.now())).total_seconds())
        )


def _moment(http_date: str | None) -> datetime | None:
    """The moment of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(http_date or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
