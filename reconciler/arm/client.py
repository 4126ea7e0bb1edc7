"""Reads of one Azure Resource Manager, over the same transport, throttling and retries as those of
Graph, but with a connection, a token and a budget of its own.

azure-mgmt-logic is not used: its newest version cannot be imported with today's dependencies, and
drops what shows whether shared access is off (docs/graph.md §9.1).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from reconciler.arm.failures import SERVICE, refusal, unanswered
from reconciler.errors import (
    AuthenticationError,
    GarbledAnswerError,
    ServiceError,
    ServiceRefusalError,
)
from reconciler.model.json_values import JsonObject
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.network.addresses import method_and_path, request_id_of
from reconciler.network.attempts import until_clear
from reconciler.network.back_off import BackOff
from reconciler.network.challenges import claims_asked_for
from reconciler.network.http import http_client
from reconciler.network.limits import Limits
from reconciler.network.throttle import Throttle
from reconciler.network.tokens import TokenSource
from reconciler.network.transport import GuardedTransport, open_transport

log = logging.getLogger("reconciler.arm")

_MOST_LEVELS = 256
"""Of nested arrays and objects: the definition of a workflow has some for each nested action."""


class ArmClient:
    """One Azure Resource Manager: GET only, since its transport is never unlocked."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        transport: GuardedTransport,
        tokens: TokenSource,
        limits: Limits,
    ) -> None:
        self._http = http
        self._transport = transport
        self._tokens = tokens
        self._limits = limits
        self._throttle = Throttle(limits.concurrency, limits.retry, limits.report_status, SERVICE)

    @property
    def answered(self) -> bool:
        """True after any HTTP request of this run was answered."""
        return self._transport.answered

    async def read(self, path: str, api_version: str) -> JsonObject:
        """One resource, by its percent-encoded path.

        Raises:
            AuthenticationError: still 401 after one renewal of the token.
            ServiceError: the error of the last attempt.
        """
        reading = _Reading(path, api_version)
        throttle = self._throttle
        back_off = BackOff(
            self._limits.retry, reading.client_request_id, throttle.pause, throttle.delay_next
        )

        async def attempt() -> JsonObject | ServiceError:
            """The result of one attempt; an error is a result too."""
            reading.token = await self._tokens.token()
            async with throttle.permit():
                return await throttle.counted(self._answer(reading))

        def renew_token(error: ServiceRefusalError) -> None:
            """Drops the rejected token, once."""
            if reading.renewed:
                raise _rejected(error) from error
            reading.renewed = True
            self._tokens.forget(reading.token, claims_asked_for(error))

        return await until_clear(attempt, back_off, renew_token)

    async def _answer(self, reading: _Reading) -> JsonObject:
        request = self._http.build_request(
            "GET",
            reading.path,
            params={"api-version": reading.api_version},
            headers={
                "Accept": "application/json",
                "Authorization": f"Bearer {reading.token}",
                "x-ms-client-request-id": reading.client_request_id,
            },
        )
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                response = await self._http.send(request, follow_redirects=False)
        except httpx.DecodingError as error:
            what = method_and_path("GET", request.url)
            raise GarbledAnswerError(f"The answer to {what} cannot be decompressed.") from error
        except (httpx.TransportError, TimeoutError) as error:
            raise unanswered(error, request.url, self._limits.timeout_s) from error
        if not response.is_success:
            raise refusal(response)
        body = _json_object(response)
        ids = request_id_of(response.headers), reading.client_request_id
        log.info("GET %s: done (request ID %s; client request ID %s)", request.url.path, *ids)
        return body


@dataclass(slots=True)
class _Reading:
    """One read until its answer is clear; all its attempts share one `client_request_id`."""

    path: str
    api_version: str
    client_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    token: str = ""
    renewed: bool = False


def _rejected(error: ServiceRefusalError) -> AuthenticationError:
    """The error for a second 401."""
    return AuthenticationError(
        f"{error} The access token was renewed once and rejected again.",
        request_id=error.request_id,
        hint="Check with `reconciler auth check` that the identity is of the tenant that the"
        " subscription belongs to.",
    )


def _json_object(response: httpx.Response) -> JsonObject:
    request_id = request_id_of(response.headers)
    what = method_and_path("GET", response.request.url)
    try:
        body = parsed(response.content, _MOST_LEVELS, unique_members=True)
    except InvalidJsonError as error:
        message = f"The answer to {what} {error}."
        raise GarbledAnswerError(message, request_id=request_id) from error
    if not isinstance(body, dict):
        message = f"The answer to {what} is not a JSON object."
        raise GarbledAnswerError(message, request_id=request_id)
    return body


@asynccontextmanager
async def open_arm_client(
    base_url: str, tokens: TokenSource, limits: Limits
) -> AsyncIterator[ArmClient]:
    """A client for one Azure Resource Manager; its sockets are closed at the end of the block."""
    transport = open_transport(base_url, SERVICE)
    async with http_client(transport, limits.timeout_s, base_url) as http:
        yield ArmClient(http, transport, tokens, limits)
