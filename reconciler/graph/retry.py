"""When a request is sent again, and after how long. tenacity turns the rules below into a loop."""

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
LONGEST_WAIT_S = 30.0
LONGEST_WAITING_S = 600.0
"""All waits of one request together. A `Retry-After` beyond it is not waited for, and never undercut
(docs/graph.md §5.1)."""

_LONGEST_NAMED_S = 1e9
"""Any longer wait is shown as this one: as long as nobody waits."""
_NUMBER = re.compile("[0-9]+([.][0-9]+)?")

Sleep = Callable[[float], Awaitable[None]]


class Pause(Protocol):
    """Waits in the name of every request."""

    async def __call__(self, wait_s: float, *, named: bool = True, of_a_limit: bool = False) -> None:
        """Waits so long; `named`: Graph named the time; `of_a_limit`: it did so with a 429."""


def may_repeat(error: BaseException, *, in_doubt: bool) -> bool:
    """True when sending the request again cannot do harm and may help.

    Any request: when it provably never left, and after 429. One that may be repeated `in_doubt`, so none that Graph may
    have carried out (docs/graph.md §5.3, §6.2): also after whatever is no clear refusal, a loss on the way,
    and an answer that cannot be read. The witness of a PUT looks again first, which is what a conflict asks for
    (docs/graph.md §5.2).
    """
    if isinstance(error, GraphRefusalError):
        return error.status == 429 or (in_doubt and not error.certain)
    if isinstance(error, GraphUnansweredError):
        return error.never_left or in_doubt
    return isinstance(error, GarbledAnswerError) and in_doubt


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is repeated; clocks, sleep and chance are parameters so that tests can give their own."""

    max_retries: int
    sleep: Sleep = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    elapsed_s: Callable[[], float] = time.monotonic

    def loop(self, client_request_id: str, pause_all: Pause, *, in_doubt: bool) -> AsyncRetrying:
        """The retry loop for one request, which may be repeated `in_doubt` or not; the last error comes out as it is.

        `pause_all` waits in the name of every request, and tells of it: it is used where Graph asked for the wait.
        """
        failure: BaseException | None = None

        def tell(state: RetryCallState) -> None:
            """Says that the request goes out again, when and why."""
            nonlocal failure
            failure = _failure(state)
            log.log(
                logging.INFO if self._asks_for_patience(failure) else logging.WARNING,
                "%s Trying again in %.1f s (attempt %d of %d; client request id %s).",
                failure,
                state.upcoming_sleep,
                state.attempt_number + 1,
                self.max_retries + 1,
                client_request_id,
            )

        async def wait(wait_s: float) -> None:
            """Waits alone, or for all."""
            if self._asks_for_patience(failure):
                throttled = isinstance(failure, GraphRefusalError) and failure.status == 429
                named = self.retry_after_s(failure) is not None
                await pause_all(wait_s, named=named, of_a_limit=throttled and named)
            else:
                await self.sleep(wait_s)

        return AsyncRetrying(
            retry=retry_if_exception(lambda error: may_repeat(error, in_doubt=in_doubt)),
            stop=lambda state: stop_after_attempt(self.max_retries + 1)(state) or _waited_enough(state),
            wait=self.wait_s,
            sleep=wait,
            before_sleep=tell,
            reraise=True,
        )

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what Retry-After asks for, else doubling, half of it left to chance."""
        asked = self.retry_after_s(_failure(state))
        if asked is not None:
            return asked
        ceiling: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        return ceiling * (0.5 + self.chance() / 2)

    def _asks_for_patience(self, error: BaseException | None) -> bool:
        """True for a 429, and for any other answer that says how long to wait."""
        throttled = isinstance(error, GraphRefusalError) and error.status == 429
        return throttled or self.retry_after_s(error) is not None

    def retry_after_s(self, error: BaseException | None) -> float | None:
        """Seconds of a Retry-After header, given as numbers or HTTP dates; None when absent or unreadable.

        The longest counts where there are several: two headers, of Graph and of a proxy, come joined (RFC 9110 §5.3).
        """
        if not isinstance(error, GraphRefusalError):
            return None
        # A date is split after its weekday, without which it is read as the same moment.
        values = error.headers.get("Retry-After", "").split(",")
        waits_s = [self._wait_s(value.strip(), error.headers.get("Date")) for value in values]
        return max((wait_s for wait_s in waits_s if wait_s is not None), default=None)

    def _wait_s(self, value: str, date: str | None) -> float | None:
        """Seconds of one value; a date is counted from that of the answer: a wrong clock here does not matter."""
        if _NUMBER.fullmatch(value):
            return min(float(value), _LONGEST_NAMED_S)
        until = _moment(value)
        return None if until is None else max(0.0, (until - (_moment(date) or self.now())).total_seconds())


def _moment(http_date: str | None) -> datetime | None:
    """The moment of an HTTP date; None for anything else."""
    try:
        moment = parsedate_to_datetime(http_date or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _waited_enough(state: RetryCallState) -> bool:
    return state.idle_for + state.upcoming_sleep > LONGEST_WAITING_S
