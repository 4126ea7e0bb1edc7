"""One read, attempted until its answer is clear: the same for every service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.network.back_off import BackOff
from reconciler.network.retry import may_repeat

A = TypeVar("A")


async def until_clear(
    attempt: Callable[[], Awaitable[A | ServiceError]],
    back_off: BackOff,
    renew_token: Callable[[ServiceRefusalError], None],
    *,
    retry_unclear: bool = True,
) -> A:
    """The answer to a read, retried where that is safe; after HTTP 401 with a renewed token.

    `attempt` returns an answer, or an error as a value. Without `retry_unclear` it is retried only
    as rarely as a create.

    Raises:
        AuthenticationError: `renew_token` raises it, at the second HTTP 401.
        ServiceError: the error of the last attempt.
    """
    while True:
        result = await attempt()
        if not isinstance(result, ServiceError):
            return result
        if isinstance(result, ServiceRefusalError) and result.status == 401:
            renew_token(result)
        elif not may_repeat(result, retry_unclear=retry_unclear):
            back_off.give_up(result)
            raise result
        elif not await back_off.wait(result):
            raise result
