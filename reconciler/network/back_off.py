"""The waits between the attempts of one request: when it is retried, and when no more."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.network.retry import FIRST_WAIT_S, MAX_TOTAL_WAIT_S, MAX_WAIT_S

if TYPE_CHECKING:
    from reconciler.network.retry import Pause, RetryPolicy

log = logging.getLogger("reconciler.network")


class BackOff:
    """Counts the attempts of one request. `pause_all` pauses every request of the run: it is used
    when the service asked for the wait. `delay_next` does so for the requests after one that is not
    retried.
    """

    def __init__(
        self,
        policy: RetryPolicy,
        client_request_id: str,
        pause_all: Pause,
        delay_next: Callable[[float], None],
    ) -> None:
        self._policy = policy
        self._client_request_id = client_request_id
        self._pause_all = pause_all
        self._delay_next = delay_next
        self._attempts = 1
        self._waited_s = 0.0

    async def wait(self, error: ServiceError) -> bool:
        """True after the wait before the next attempt: Retry-After, else exponential with jitter.

        False at once when no attempt is left, or the waits of this request would exceed their
        limit.
        """
        wait_s = self._wait_s(error)
        too_long = self._waited_s + wait_s > MAX_TOTAL_WAIT_S
        if self._attempts > self._policy.max_retries or too_long:
            self.give_up(error)
            return False
        self._attempts += 1
        self._waited_s += wait_s
        await self._wait(error, wait_s)
        return True

    def give_up(self, error: ServiceError) -> None:
        """The request is not retried; a Retry-After still holds for all others."""
        log.info("%s Not retried (client request ID %s).", error, self._client_request_id)
        self._delay_next(self._policy.retry_after_s(error) or 0.0)

    async def _wait(self, error: ServiceError, wait_s: float) -> None:
        throttled = isinstance(error, ServiceRefusalError) and error.status == 429
        named = self._policy.retry_after_s(error) is not None
        log.log(
            logging.INFO if throttled or named else logging.WARNING,
            "%s Retrying in %.1f s (attempt %d of %d; client request ID %s).",
            error,
            wait_s,
            self._attempts,
            self._policy.max_retries + 1,
            self._client_request_id,
        )
        if throttled or named:
            await self._pause_all(wait_s, named=named, of_a_limit=throttled and named)
        else:
            await self._policy.sleep(wait_s)

    def _wait_s(self, error: ServiceError) -> float:
        asked_s = self._policy.retry_after_s(error)
        if asked_s is not None:
            return asked_s
        ceiling_s: float = min(MAX_WAIT_S, FIRST_WAIT_S * 2.0 ** (self._attempts - 1))
        return ceiling_s * (0.5 + self._policy.chance() / 2)
