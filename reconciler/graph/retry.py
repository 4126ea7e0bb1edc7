"""When a request is sent again, and after how long. tenacity turns the rules below into a loop."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from reconciler.errors import GraphError, GraphRefusalError, GraphUnansweredError

log = logging.getLogger("reconciler.graph")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_RETRY_AFTER_S = 300.0


def may_repeat(method: str, error: BaseException) -> bool:
    """True when sending the request again cannot do harm and may help.

    GET, PUT and DELETE: after 429, any 5xx and any loss on the way. POST: only after 429, or when it provably never
    left, because Graph may have carried it out (sdk-facts §2 and §10, contract §6.3).
    """
    if isinstance(error, GraphUnansweredError):
        return error.never_left or method != "POST"
    if isinstance(error, GraphRefusalError):
        return error.status == 429 or (error.status >= 500 and method != "POST")
    return False


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is repeated; clock, sleep and chance are parameters so that tests can give their own."""

    max_retries: int
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def loop(self, method: str) -> AsyncRetrying:
        """The retry loop for one request; the last error comes out as it is."""
        return AsyncRetrying(
            retry=retry_if_exception(lambda error: may_repeat(method, error) and not self._asks_too_much(error)),
            stop=stop_after_attempt(self.max_retries + 1),
            wait=self.wait_s,
            sleep=self.sleep,
            before_sleep=self._tell,
            reraise=True,
        )

    def wait_s(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what Retry-After asks for, else doubling, half of it left to chance."""
        error = state.outcome.exception() if state.outcome else None
        asked = _retry_after_s(error, self.now()) if isinstance(error, GraphRefusalError) else None
        if asked is not None:
            return asked
        ceiling: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        return ceiling * (0.5 + self.chance() / 2)

    def _asks_too_much(self, error: BaseException) -> bool:
        """True when Graph asks for a longer wait than a run should take; coming earlier would prolong it (§6.1)."""
        asked = _retry_after_s(error, self.now()) if isinstance(error, GraphRefusalError) else None
        return asked is not None and asked > LONGEST_RETRY_AFTER_S

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait_s = state.next_action.sleep if state.next_action else 0.0
        log.warning(
            "%s Trying again in %.1f s (attempt %d of %d).",
            error if isinstance(error, GraphError) else "No answer.",
            wait_s,
            state.attempt_number + 1,
            self.max_retries + 1,
        )


def _retry_after_s(error: GraphRefusalError, now: datetime) -> float | None:
    """Seconds of a Retry-After header, given as a number or as an HTTP date; None when absent or unreadable."""
    text = (error.retry_after or "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
