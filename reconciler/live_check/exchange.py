"""One request and what came of it, as evidence: method, path without ids, status, code and request
ID. An HTTP error is a result, not an exception.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.errors import (
    GarbledAnswerError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.model.graph import Answer, Request
from reconciler.model.json_values import JsonObject
from reconciler.model.live_facts import Seen
from reconciler.network.attempts import until_clear

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

T = TypeVar("T")

_WORD = re.compile(r"[A-Za-z]+")
_QUOTED = re.compile(r"'[^']*'")
_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_WRONG_INPUT = (400, 422)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one request. `items` are those of a listing; `error` is None after a success."""

    seen: Seen
    body: JsonObject = field(default_factory=dict)
    items: Sequence[JsonObject] = ()
    error: ServiceError | None = None

    @property
    def single(self) -> JsonObject:
        """The object itself, which may be nested under `value` (docs/graph.md §2.1)."""
        inner = self.body.get("value")
        return inner if "id" not in self.body and isinstance(inner, dict) else self.body

    @property
    def accepted(self) -> bool:
        """True after a success."""
        return self.error is None

    @property
    def status(self) -> int | None:
        """The HTTP status; None if there was no answer, or one that is not HTTP of Graph."""
        return self.seen.status

    @property
    def refused_input(self) -> bool:
        """True if Graph does not accept what was sent: HTTP 400 or 422."""
        return self.status in _WRONG_INPUT

    @property
    def may_be_applied(self) -> bool:
        """True unless it is certain that a write was not applied (docs/graph.md §5.3)."""
        if isinstance(self.error, ServiceUnansweredError):
            return not self.error.not_sent
        return not (isinstance(self.error, ServiceRefusalError) and self.error.certain)

    def __str__(self) -> str:
        """The status and the code in words."""
        code = f" {self.seen.code}" if self.seen.code else ""
        return "no usable answer" if self.status is None else f"HTTP {self.status}{code}"


class Exchanges:
    """Sends requests; a request in flight is finished even if its task is cancelled."""

    def __init__(self, graph: GraphClient) -> None:
        self.graph = graph

    async def send(
        self, request: Request, on_result: Callable[[Result], None] = lambda _result: None
    ) -> Result:
        """The result of a request that is sent again only after HTTP 429, or if it was certainly
        not sent. `on_result` gets the result of every attempt, even if the task is cancelled
        meanwhile.
        """
        sending = self.graph.sending(request)

        async def exchanged() -> Answer | ServiceError:
            """The result of one attempt, after `on_result` has got it."""
            answer = await self.graph.attempt(sending)
            on_result(_result(request, answer))
            return answer

        async def attempt() -> Answer | ServiceError:
            """The same, under a permit."""
            async with self.graph.permit():
                return await _finished(exchanged())

        renew = functools.partial(self.graph.renew_token, sending)
        try:
            answer: Answer | ServiceError = await until_clear(
                attempt, sending.back_off, renew, retry_unclear=False
            )
        except ServiceError as error:
            answer = error
        return _result(request, answer)

    async def list(self, request: Request) -> Result:
        """All objects of a listing, as the items of the result."""
        try:
            items = await self.graph.pages(request, retry_unclear=False)
        except ServiceError as error:
            return _result(request, error)
        return Result(_seen(request, 200), items=items)


async def _finished(exchange: Coroutine[Any, Any, T]) -> T:
    """The result of the exchange; a cancellation takes effect after it, at a second one at once."""
    task = asyncio.ensure_future(exchange)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        raise


def _result(request: Request, answer: Answer | ServiceError) -> Result:
    if isinstance(answer, Answer):
        return Result(_seen(request, answer.status, None, answer.request_id), answer.body)
    status = answer.status if isinstance(answer, ServiceRefusalError) else None
    code = answer.code if isinstance(answer, ServiceRefusalError) else _problem(answer)
    return Result(_seen(request, status, code, answer.request_id), error=answer)


def _problem(error: ServiceError) -> str:
    """Why there was no usable answer, as a code."""
    if isinstance(error, ServiceUnansweredError):
        return "NoAnswer"
    return "NotJson" if isinstance(error, GarbledAnswerError) else "UnusableAnswer"


def _seen(
    request: Request, status: int | None, code: str | None = None, request_id: str | None = None
) -> Seen:
    """The exchange without anything that the tenant or the service chose freely."""
    return Seen(request.method, _path(request), status, _safe(code), _safe(request_id))


def _safe(text: str | None) -> str | None:
    """The text if it is a code or an id; others could say anything."""
    if text is None:
        return None
    return text if _SAFE.fullmatch(text) else "(omitted)"


def _path(request: Request) -> str:
    """The address below entitlement management, with `{id}` for every id."""
    template = request.address.partition("{?")[0].rpartition("entitlementManagement")[2]
    segments = [part if _WORD.fullmatch(part) else "{id}" for part in template.split("/") if part]
    options = {"$filter": request.filter, "$expand": request.expand}
    given = {name: _QUOTED.sub("'…'", value) for name, value in options.items() if value}
    query = "&".join(f"{name}={value}" for name, value in given.items())
    path = ("beta " if request.beta else "") + "/".join(segments)
    return f"{path}?{query}" if query else path
