"""Requests to the entitlement management of one Graph: sending, retrying, guarding
writes, logging.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter

from reconciler.errors import (
    AuthenticationError,
    GraphAnswerError,
    GraphError,
    GraphRefusalError,
    ReconcilerError,
)
from reconciler.graph.credentials import TokenSource
from reconciler.graph.exchange import Answer, claims_asked_for, exchange, open_adapter
from reconciler.graph.requests import Json, Requests, described, follow
from reconciler.graph.retry import RetryPolicy
from reconciler.graph.throttle import ReportStatus, Throttle
from reconciler.graph.transport import GuardedTransport, open_transport

log = logging.getLogger("reconciler.graph")

MAX_CHECK_AGE_S = 0.5
"""An older pre-check may be out of date: the write repeats it."""
REQUESTS_PER_WRITE = 3
"""The pre-check, the write and the read-back."""
MAX_PAGES = 10_000
"""Pages of one listing; a tenant may hold 7,500 catalogs and 500 extensions, and a page may hold
only one.
"""
MAX_ITEMS = 75_000
"""Objects of one listing: ten times the catalogs that a tenant may hold."""
MAX_LISTING_BYTES = 32 * 1024**2
"""All pages of one listing: 500 extensions at 64 KiB each, 7,500 catalogs at 4 KiB each."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of retries, of the time per request and of concurrency; `report_status` shows long
    waits.
    """

    retry: RetryPolicy
    timeout_s: float = 30.0
    concurrency: int = 8
    report_status: ReportStatus = lambda _text: None


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt of a write that is about to be sent; all attempts of a write share one
    `client_request_id`.
    """

    method: str
    path: str
    client_request_id: str
    body: bytes


class WriteGuard(Protocol):
    """Guards one write: may prevent each attempt by raising, and gets the result of each
    attempt.
    """

    async def pre_check(self) -> None:
        """Called after every wait, so before each retry too: raises if the write must no longer be
        sent.
        """

    def before_sending(self, sending: Sending) -> None:
        """Called immediately before an attempt is sent."""

    def after_sending(self, sending: Sending, result: Answer | ReconcilerError) -> None:
        """Called with the result of the attempt."""


class GraphClient:
    """Entitlement management of one Graph: sends requests, retries where that is safe, classifies
    errors.
    """

    def __init__(
        self,
        adapter: GraphRequestAdapter,
        transport: GuardedTransport,
        tokens: TokenSource,
        limits: Limits,
    ):
        self.requests = Requests(adapter)
        self.limits = limits
        self._adapter = adapter
        self._transport = transport
        self._tokens = tokens
        self._throttle = Throttle(limits.concurrency, limits.retry, limits.report_status)

    @property
    def answered(self) -> bool:
        """True after Graph has answered any HTTP request of this run."""
        return self._transport.answered

    def elapsed_s(self) -> float:
        """Seconds on the run's monotonic clock."""
        return self.limits.retry.elapsed_s()

    def skip_queue(self) -> AbstractContextManager[None]:
        """Within the block, requests of this task wait for Retry-After, but not in the queue for
        the budget.
        """
        return self._throttle.skip_queue()

    def writes_unlocked(self) -> AbstractContextManager[None]:
        """Unlocks writes in the transport within the block."""
        return self._transport.writes_unlocked()

    async def pages(
        self, request: RequestInformation, *, max_items: int = MAX_ITEMS, retry_unclear: bool = True
    ) -> list[Json]:
        """All objects of a listing, from all pages; an empty page with a next link is not the end
        (docs/graph.md §1.4).

        `retry_unclear` as for `send`.

        Raises:
            GraphError: a page failed, is not a list of objects, or its next link leads to another
                server or to a page already read; or the listing exceeds `max_items` or the limits
                of bytes and pages.
        """
        items: list[Json] = []
        seen: set[str] = set()
        size_bytes = 0
        while len(seen) < MAX_PAGES:
            answer = await self.send(request, retry_unclear=retry_unclear)
            page, link = _page(answer)
            items += page
            size_bytes += answer.size_bytes
            if excess := _excess(len(items), max_items, size_bytes):
                raise GraphAnswerError(
                    f"A listing {excess}; reading it was stopped.", request_id=answer.request_id
                )
            if link is None:
                return items
            if link in seen:
                raise GraphAnswerError(
                    "The next link of a listing leads to a page that was already read.",
                    request_id=answer.request_id,
                )
            seen.add(link)
            request = follow(link)
        raise GraphAnswerError(
            f"A listing has more than {MAX_PAGES} pages; reading it was stopped."
        )

    async def send(
        self,
        request: RequestInformation,
        guard: WriteGuard | None = None,
        *,
        retry_unclear: bool = True,
    ) -> Answer:
        """The answer to one request, retried where that is safe; all attempts share one
        client-request-id.

        Without `retry_unclear` a GET is retried only as rarely as a POST: the caller has another
        way to ask.

        Raises:
            AuthenticationError: still 401 after one renewal of the token.
            GraphError: the error of the last attempt.
            Whatever the guard of a write raises; that attempt was not sent.
        """
        client_request_id = str(uuid.uuid4())
        request.headers.try_add("client-request-id", client_request_id)
        try:
            retry_unclear = retry_unclear and request.http_method is not Method.POST
            async for attempt in self.limits.retry.loop(
                client_request_id, self._throttle.pause, retry_unclear=retry_unclear
            ):
                with attempt:
                    if guard is not None and attempt.retry_state.attempt_number > 1:
                        await guard.pre_check()
                    return await self._send_authenticated(request, guard)
        except GraphError as error:
            log.info("%s Not retried (client request ID %s).", error, client_request_id)
            self._throttle.delay_next(self.limits.retry.retry_after_s(error) or 0.0)
            raise
        raise AssertionError("the loop ends by returning or raising")

    async def _send_authenticated(
        self, request: RequestInformation, guard: WriteGuard | None
    ) -> Answer:
        try:
            return await self._send_once(request, guard)
        except GraphRefusalError as error:
            if error.status != 401:
                raise
            self._tokens.forget(_bearer(request), claims_asked_for(error))
        if guard is not None:
            await guard.pre_check()  # renewing the token took time
        try:
            return await self._send_once(request, guard)
        except GraphRefusalError as error:
            if error.status != 401:
                raise
            raise AuthenticationError(
                f"{error} The access token was renewed once and rejected again.",
                request_id=error.request_id,
                hint=(
                    "Run `reconciler auth check` to see the identity, tenant and permissions of the"
                    " token."
                ),
            ) from error

    async def _send_once(self, request: RequestInformation, guard: WriteGuard | None) -> Answer:
        since_s, paused = self.elapsed_s(), self._throttle.paused
        await (
            self._tokens.token()
        )  # fetched before the permit is taken and the time-out of the request starts
        async with self._throttle.permit(requests=1 if guard is None else REQUESTS_PER_WRITE):
            if guard is not None and (paused or self.elapsed_s() - since_s > MAX_CHECK_AGE_S):
                await guard.pre_check()
            return await self._attempt(request, guard)

    async def _attempt(self, request: RequestInformation, guard: WriteGuard | None) -> Answer:
        request.headers.remove(
            "Authorization"
        )  # the SDK would keep the header of the previous attempt
        try:
            if guard is None:
                answer = await exchange(self._adapter, request, self.limits.timeout_s)
            else:
                answer = await self._exchange_before(guard, request)
        except GraphRefusalError as error:
            if error.status != 429:
                self._throttle.count_answer()
            raise
        self._throttle.count_success()
        if log.isEnabledFor(logging.INFO):
            ids = answer.request_id, _client_request_id(request)
            log.info("%s: done (request ID %s; client request ID %s)", described(request), *ids)
        return answer

    async def _exchange_before(self, guard: WriteGuard, request: RequestInformation) -> Answer:
        """The answer to a write, with its guard called before and after."""
        sending = _sending(request)
        guard.before_sending(sending)
        try:
            answer = await exchange(self._adapter, request, self.limits.timeout_s)
        except ReconcilerError as error:
            guard.after_sending(sending, error)
            raise
        guard.after_sending(sending, answer)
        return answer


@asynccontextmanager
async def open_client(
    base_url: str, tokens: TokenSource, limits: Limits
) -> AsyncIterator[GraphClient]:
    """A client for one Graph; it and all its sockets are closed at the end of the block."""
    transport = open_transport(base_url)
    async with open_adapter(base_url, transport, tokens, limits.timeout_s) as adapter:
        yield GraphClient(adapter, transport, tokens, limits)


def _sending(request: RequestInformation) -> Sending:
    method, path = described(request).split(" ", 1)
    return Sending(method, path, _client_request_id(request), bytes(request.content or b""))


def _client_request_id(request: RequestInformation) -> str:
    return next(iter(request.headers.get("client-request-id")), "")


def _bearer(request: RequestInformation) -> str:
    """The token that the last attempt was sent with."""
    return next(iter(request.headers.get("Authorization")), "").removeprefix("Bearer ")


def _excess(number: int, max_items: int, size_bytes: int) -> str | None:
    """Which limit of a listing is exceeded; None if none is."""
    if number > max_items:
        return f"has more than {max_items:,} objects, ten times what Microsoft allows"
    if size_bytes > MAX_LISTING_BYTES:
        return f"is larger than {MAX_LISTING_BYTES // 1024**2} MiB"
    return None


def _page(answer: Answer) -> tuple[list[Json], str | None]:
    value, link = answer.body.get("value"), answer.body.get("@odata.nextLink")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise GraphAnswerError(
            "A listing has no list of objects under 'value'; it is not treated as empty.",
            request_id=answer.request_id,
        )
    if link is not None and not isinstance(link, str):
        raise GraphAnswerError(
            "The next link of a listing is not a string.", request_id=answer.request_id
        )
    return value, link
