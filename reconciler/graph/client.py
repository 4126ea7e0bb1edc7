"""Requests to one Graph: reads that are retried where that is safe, and single attempts of writes.

What the result of a write means is not decided here: `apply` owns that loop.
"""

from __future__ import annotations

import functools
import logging
import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter

from reconciler.errors import (
    AuthenticationError,
    ServiceError,
    ServiceRefusalError,
)
from reconciler.graph.exchange import exchange, open_adapter
from reconciler.graph.listing import MAX_ITEMS, Listing
from reconciler.graph.requests import Requests, described, follow
from reconciler.model.graph import Answer, Request
from reconciler.model.json_values import JsonObject
from reconciler.network.attempts import until_clear
from reconciler.network.back_off import BackOff
from reconciler.network.challenges import claims_asked_for
from reconciler.network.limits import Limits
from reconciler.network.throttle import Throttle
from reconciler.network.tokens import TokenSource
from reconciler.network.transport import GuardedTransport, WriteGuard, open_transport

log = logging.getLogger("reconciler.graph")

SERVICE = "Graph"


@dataclass(slots=True)
class Sending:
    """One request until its answer is clear; all its attempts share one `client_request_id`."""

    information: RequestInformation
    client_request_id: str
    back_off: BackOff
    renewed: bool = False

    @property
    def method(self) -> str:
        """The HTTP method."""
        return str(self.information.http_method.value)

    @property
    def path(self) -> str:
        """The path below entitlement management, as messages name it."""
        return described(self.information).split(" ", 1)[1]

    @property
    def body(self) -> bytes:
        """The JSON body; empty for a read."""
        return bytes(self.information.content or b"")


class GraphClient:
    """One Graph: reads with retries, and attempts of writes under permits."""

    def __init__(
        self,
        adapter: GraphRequestAdapter,
        transport: GuardedTransport,
        tokens: TokenSource,
        limits: Limits,
    ):
        self.limits = limits
        self._requests = Requests(adapter)
        self._adapter = adapter
        self._transport = transport
        self._tokens = tokens
        self._throttle = Throttle(limits.concurrency, limits.retry, limits.report_status, SERVICE)

    @property
    def entitlement(self) -> Any:
        """The SDK's request builder of entitlement management."""
        return self._requests.entitlement

    @property
    def answered(self) -> bool:
        """True after Graph has answered any HTTP request of this run."""
        return self._transport.answered

    @property
    def paused(self) -> bool:
        """True while a request would have to wait, because Graph throttled another one."""
        return self._throttle.paused

    def elapsed_s(self) -> float:
        """Seconds on the run's monotonic clock."""
        return self.limits.retry.elapsed_s()

    def skip_queue(self) -> AbstractContextManager[None]:
        """Within the block, requests of this task wait for Retry-After, but not in the queue for
        the budget.
        """
        return self._throttle.skip_queue()

    def writes_unlocked(self, planned_ids: Collection[str]) -> AbstractContextManager[None]:
        """Unlocks writes in the transport within the block: PATCH and DELETE of these objects
        only.
        """
        return self._transport.writes_unlocked(planned_ids)

    def writes_guarded(self, guard: WriteGuard) -> AbstractContextManager[None]:
        """Unlocks the writes within the block against which the guard has no objection."""
        return self._transport.writes_guarded(guard)

    @asynccontextmanager
    async def permit(self, requests: int = 1) -> AsyncIterator[None]:
        """A valid token, and a permit for so many requests, held within the block.

        Within it, reads of the same task need no permit of their own: what is checked is still true
        when the write is sent.

        Raises:
            AuthenticationError: there is no token.
            ServiceRefusalError: Graph asked for a longer wait than a run accepts.
        """
        # Before the permit is taken and the time-out of the request starts.
        await self._tokens.token()
        async with self._throttle.permit(requests=requests):
            yield

    async def pages(
        self, request: Request, *, max_items: int = MAX_ITEMS, retry_unclear: bool = True
    ) -> list[JsonObject]:
        """All objects of a listing, from all pages; an empty page with a next link is not the end
        (docs/graph.md §1.4).

        `retry_unclear` as for `read`.

        Raises:
            ServiceError: a page failed, is not a list of objects, or its next link leads to another
                server or to a page already read; or the listing exceeds `max_items` or the limits
                of bytes and pages.
        """
        listing = Listing(max_items)
        sending = self.sending(request)
        while True:
            answer = await self._read(sending, retry_unclear=retry_unclear)
            link = listing.add(answer)
            if link is None:
                return listing.items
            sending = self._sending(follow(link))

    async def read(self, request: Request, *, retry_unclear: bool = True) -> Answer:
        """The answer to one read, retried where that is safe.

        Without `retry_unclear` it is retried only as rarely as a create: the caller has another way
        to ask.

        Raises:
            AuthenticationError: still 401 after one renewal of the token.
            ServiceError: the error of the last attempt.
        """
        return await self._read(self.sending(request), retry_unclear=retry_unclear)

    async def _read(self, sending: Sending, *, retry_unclear: bool) -> Answer:
        async def attempt() -> Answer | ServiceError:
            async with self.permit():
                return await self.attempt(sending)

        return await until_clear(
            attempt,
            sending.back_off,
            functools.partial(self.renew_token, sending),
            retry_unclear=retry_unclear,
        )

    def sending(self, request: Request) -> Sending:
        """The request, ready to be attempted."""
        return self._sending(self._requests.information(request))

    def _sending(self, information: RequestInformation) -> Sending:
        client_request_id = str(uuid.uuid4())
        information.headers.try_add("client-request-id", client_request_id)
        throttle = self._throttle
        back_off = BackOff(
            self.limits.retry, client_request_id, throttle.pause, throttle.delay_next
        )
        return Sending(information, client_request_id, back_off)

    async def attempt(self, sending: Sending) -> Answer | ServiceError:
        """The result of one attempt, under a permit: an error of Graph or of the network is a
        result too, HTTP 429 included.
        """
        information = sending.information
        information.headers.remove("Authorization")  # the SDK would keep that of the last attempt
        answer = await self._throttle.counted(
            exchange(self._adapter, information, self.limits.timeout_s)
        )
        if isinstance(answer, Answer) and log.isEnabledFor(logging.INFO):
            ids = answer.request_id, sending.client_request_id
            what = described(information)
            log.info("%s: done (request ID %s; client request ID %s)", what, *ids)
        return answer

    def renew_token(self, sending: Sending, error: ServiceRefusalError) -> None:
        """Drops the rejected token, so that the next attempt gets a new one; once per request.

        Raises:
            AuthenticationError: Graph has rejected a renewed token.
        """
        if sending.renewed:
            raise AuthenticationError(
                f"{error} The access token was renewed once and rejected again.",
                request_id=error.request_id,
                hint="Run `reconciler auth check` to see the identity, tenant and permissions of"
                " the token.",
            ) from error
        sending.renewed = True
        self._tokens.forget(_bearer(sending.information), claims_asked_for(error))


@asynccontextmanager
async def open_client(
    base_url: str, tokens: TokenSource, limits: Limits
) -> AsyncIterator[GraphClient]:
    """A client for one Graph; it and all its sockets are closed at the end of the block."""
    transport = open_transport(base_url, SERVICE)
    async with open_adapter(base_url, transport, tokens, limits.timeout_s) as adapter:
        yield GraphClient(adapter, transport, tokens, limits)


def _bearer(information: RequestInformation) -> str:
    """The token that the last attempt was sent with."""
    return next(iter(information.headers.get("Authorization")), "").removeprefix("Bearer ")
