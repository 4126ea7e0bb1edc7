"""Entitlement management of one Graph: what is sent, how often, who is asked before a write, and what came of it."""

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
from reconciler.graph.throttle import Tell, Throttle
from reconciler.graph.transport import GuardedTransport, open_transport

log = logging.getLogger("reconciler.graph")

SHORT_WAIT_S = 0.5
"""What is this old may be out of date: a write looks again."""
REQUESTS_OF_A_WRITE = 3
"""The look before it, the write, and the read that confirms it."""
MOST_PAGES = 10_000
"""Of one listing; a tenant may hold 7,500 catalogs and 500 extensions, if every page holds one."""
MOST_ITEMS = 75_000
"""Of one listing: ten times the catalogs of a tenant."""
MOST_BYTES_OF_A_LISTING = 32 * 1024**2
"""Over all pages: 500 extensions at 64 KiB each, 7,500 catalogs at 4 KiB each."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a request is repeated, how long one may take, how many are in flight; who is told of long waits."""

    retry: RetryPolicy
    timeout_s: float = 30.0
    concurrency: int = 8
    tell: Tell = lambda _remark: None


@dataclass(frozen=True, slots=True)
class Sending:
    """One attempt of a write, as it is about to leave; all attempts of a write carry one `client_request_id`."""

    method: str
    path: str
    client_request_id: str
    body: bytes


class Witness(Protocol):
    """Who stands beside a write: may forbid each attempt by raising, and hears what came of it."""

    async def look_again(self) -> None:
        """Asked after every wait, so before each repetition too, to look whether the write should still go out."""

    def before_sending(self, sending: Sending) -> None:
        """Asked as the last thing before an attempt leaves."""

    def after_sending(self, sending: Sending, result: Answer | ReconcilerError) -> None:
        """Told what came of the attempt."""


class GraphClient:
    """Entitlement management of one Graph: sends requests, repeats what may be repeated, tells failures apart."""

    def __init__(self, adapter: GraphRequestAdapter, transport: GuardedTransport, tokens: TokenSource, limits: Limits):
        self.requests = Requests(adapter)
        self.limits = limits
        self._adapter = adapter
        self._transport = transport
        self._tokens = tokens
        self._throttle = Throttle(limits.concurrency, limits.retry, limits.tell)

    @property
    def answered(self) -> bool:
        """True once Graph has given any HTTP answer in this run."""
        return self._transport.answered

    def elapsed_s(self) -> float:
        """The run's clock."""
        return self.limits.retry.elapsed_s()

    def ahead(self) -> AbstractContextManager[None]:
        """While the block lasts, this task's requests wait only where Graph asks for it, not for a learned limit."""
        return self._throttle.ahead()

    def writes_unlocked(self) -> AbstractContextManager[None]:
        """Opens the transport for writing while the block lasts."""
        return self._transport.writes_unlocked()

    async def pages(
        self, request: RequestInformation, *, most_items: int = MOST_ITEMS, in_doubt: bool = True
    ) -> list[Json]:
        """All items of a listing, over all pages; an empty page with a next link is not the end (docs/graph.md §1.4).

        `in_doubt` as for `send`.

        Raises:
            GraphError: any page failed, is not a list of objects, links elsewhere or links in a circle; or the
                listing has more than `most_items`, or more bytes or pages than any has.
        """
        items: list[Json] = []
        seen: set[str] = set()
        size_bytes = 0
        while len(seen) < MOST_PAGES:
            answer = await self.send(request, in_doubt=in_doubt)
            page, link = _page(answer)
            items += page
            size_bytes += answer.size_bytes
            if too_much := _too_much(len(items), most_items, size_bytes):
                raise GraphAnswerError(
                    f"A listing {too_much}; it was not read to its end.", request_id=answer.request_id
                )
            if link is None:
                return items
            if link in seen:
                raise GraphAnswerError("The pages of a listing link in a circle.", request_id=answer.request_id)
            seen.add(link)
            request = follow(link)
        raise GraphAnswerError(f"A listing does not end: {MOST_PAGES} pages were read.")

    async def send(
        self, request: RequestInformation, witness: Witness | None = None, *, in_doubt: bool = True
    ) -> Answer:
        """The answer to one request, sent again where that is safe; all attempts carry one client-request-id.

        Without `in_doubt` a GET is repeated no more than a POST is: there is another way to ask the same.

        Raises:
            AuthenticationError: still 401 after one renewal of the token.
            GraphError: what came of the last attempt.
            Whatever the witness of a write raises; the attempt it was asked about did not leave.
        """
        client_request_id = str(uuid.uuid4())
        request.headers.try_add("client-request-id", client_request_id)
        try:
            in_doubt = in_doubt and request.http_method is not Method.POST
            async for attempt in self.limits.retry.loop(client_request_id, self._throttle.pause, in_doubt=in_doubt):
                with attempt:
                    if witness is not None and attempt.retry_state.attempt_number > 1:
                        await witness.look_again()
                    return await self._send_authenticated(request, witness)
        except GraphError as error:
            log.info("%s Not sent again (client request id %s).", error, client_request_id)
            self._throttle.owe(self.limits.retry.retry_after_s(error) or 0.0)
            raise
        raise AssertionError("the loop ends by returning or raising")

    async def _send_authenticated(self, request: RequestInformation, witness: Witness | None) -> Answer:
        try:
            return await self._send_once(request, witness)
        except GraphRefusalError as error:
            if error.status != 401:
                raise
            self._tokens.forget(_bearer(request), claims_asked_for(error))
        if witness is not None:
            await witness.look_again()  # a renewal takes its time
        try:
            return await self._send_once(request, witness)
        except GraphRefusalError as error:
            if error.status != 401:
                raise
            raise AuthenticationError(
                f"{error} The token was renewed once and refused again.",
                request_id=error.request_id,
                hint="Run `reconciler auth check` to see whom the token speaks for.",
            ) from error

    async def _send_once(self, request: RequestInformation, witness: Witness | None) -> Answer:
        since_s, calm = self.elapsed_s(), self._throttle.calm
        await self._tokens.token()  # fetched before a place is taken and the clock of the request starts
        async with self._throttle.slot(requests=1 if witness is None else REQUESTS_OF_A_WRITE):
            if witness is not None and (not calm or self.elapsed_s() - since_s > SHORT_WAIT_S):
                await witness.look_again()
            return await self._attempt(request, witness)

    async def _attempt(self, request: RequestInformation, witness: Witness | None) -> Answer:
        request.headers.remove("Authorization")  # the SDK would keep that of the attempt before
        try:
            if witness is None:
                answer = await exchange(self._adapter, request, self.limits.timeout_s)
            else:
                answer = await self._exchange_before(witness, request)
        except GraphRefusalError as error:
            if error.status != 429:
                self._throttle.answered()
            raise
        self._throttle.answered_well()
        if log.isEnabledFor(logging.INFO):
            ids = answer.request_id, _client_request_id(request)
            log.info("%s: done (request id %s; client request id %s)", described(request), *ids)
        return answer

    async def _exchange_before(self, witness: Witness, request: RequestInformation) -> Answer:
        """The answer to a write, whose witness hears of it before and after."""
        sending = _sending(request)
        witness.before_sending(sending)
        try:
            answer = await exchange(self._adapter, request, self.limits.timeout_s)
        except ReconcilerError as error:
            witness.after_sending(sending, error)
            raise
        witness.after_sending(sending, answer)
        return answer


@asynccontextmanager
async def open_client(base_url: str, tokens: TokenSource, limits: Limits) -> AsyncIterator[GraphClient]:
    """A client for one Graph, closed with all its sockets at the end of the block."""
    transport = open_transport(base_url)
    async with open_adapter(base_url, transport, tokens, limits.timeout_s) as adapter:
        yield GraphClient(adapter, transport, tokens, limits)


def _sending(request: RequestInformation) -> Sending:
    method, path = described(request).split(" ", 1)
    return Sending(method, path, _client_request_id(request), bytes(request.content or b""))


def _client_request_id(request: RequestInformation) -> str:
    return next(iter(request.headers.get("client-request-id")), "")


def _bearer(request: RequestInformation) -> str:
    """The token that the request was sent with last."""
    return next(iter(request.headers.get("Authorization")), "").removeprefix("Bearer ")


def _too_much(number: int, most_items: int, size_bytes: int) -> str | None:
    """Which bound of a listing is exceeded, in words."""
    if number > most_items:
        return f"has more than {most_items:,} objects, ten times what Microsoft allows"
    if size_bytes > MOST_BYTES_OF_A_LISTING:
        return f"is larger than {MOST_BYTES_OF_A_LISTING // 1024**2} MiB"
    return None


def _page(answer: Answer) -> tuple[list[Json], str | None]:
    value, link = answer.body.get("value"), answer.body.get("@odata.nextLink")
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise GraphAnswerError(
            "A listing came without its list; it is not taken for an empty one.", request_id=answer.request_id
        )
    if link is not None and not isinstance(link, str):
        raise GraphAnswerError("A listing came with a next link that is no text.", request_id=answer.request_id)
    return value, link
