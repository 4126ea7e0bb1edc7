"""The only transport: sends to one origin only, and nothing but GET until a run unlocks writes."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from urllib.parse import unquote

import httpx

from reconciler.errors import RefusedError, ServiceAnswerError, ServiceRefusalError, UsageError
from reconciler.model.secrets import learn
from reconciler.network.addresses import method_and_path, origin_of, request_id_of
from reconciler.network.body import Body, TooLargeError
from reconciler.network.proxies import proxy_for

_TRANSFER_HEADERS = ("content-encoding", "content-length", "transfer-encoding")
_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1)
MAX_ANSWER_BYTES = 8 * 1024**2
"""Both as received and as decompressed: one page with all 500 extensions of a tenant, at 16 KiB
each.
"""
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_FOR_PLANNED = ("PATCH", "DELETE")
CHALLENGE = "X-Challenge"
"""The header that carries the challenge of a 401 past the SDK."""
STATUS = "X-Status"
"""The header that carries the status of a success past the SDK."""

WriteGuard = Callable[[str, str, bytes], str | None]
"""Why a write must not be sent; None if it may be. It gets the method, the address below the base
URL as it is sent (with percent signs and query), and the body.
"""


class ConnectionPool:
    """As many connections as requests are in flight, each in its own httpx pool; the last one
    returned is used first.

    A single httpx pool would scan all its connections several times per request (ADR 0018).
    """

    def __init__(self, open_connection: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._open_connection = open_connection
        self._connections = [open_connection()]
        self._free = list(self._connections)

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A connection for one request, whose response must be read within the block."""
        if not self._free:
            self._connections.append(self._open_connection())
            self._free.append(self._connections[-1])
        connection = self._free.pop()
        try:
            yield connection
        except (
            BaseException
        ):  # the connection may be half closed, and would be used first from now on
            self._connections.remove(connection)
            await connection.aclose()
            raise
        self._free.append(connection)

    async def aclose(self) -> None:
        """Closes all connections."""
        async with AsyncExitStack() as stack:
            for connection in self._connections:
                stack.push_async_callback(connection.aclose)


class GuardedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 to one origin. Refuses any other origin, every redirect, any method but GET while
    locked and outside of the base URL, and every write that the guard objects to: for apply PATCH
    and DELETE of anything but the objects of the plan.

    It is below the SDK's pipeline, so that nothing in the SDK can bypass it. Why each rule:
    docs/graph.md §6.2 (a redirected POST turns into a GET), docs/graph.md §6.3 (the bearer token
    follows foreign links).
    """

    def __init__(self, connections: ConnectionPool, base_url: str, service: str) -> None:
        self._connections = connections
        self._service = service
        self._origin = origin_of(base_url)
        self._path = httpx.URL(base_url).path.rstrip("/") + "/"
        self._guard: WriteGuard | None = None
        self.answered = False

    def writes_unlocked(self, planned_ids: Collection[str]) -> AbstractContextManager[None]:
        """Allows POST and PUT within the block, and PATCH and DELETE of objects with these ids.

        Only apply uses it, for a plan that was shown and approved.
        """
        return self.writes_guarded(_only_planned(planned_ids))

    @contextmanager
    def writes_guarded(self, guard: WriteGuard) -> Iterator[None]:
        """Allows the writes within the block against which the guard has no objection."""
        self._guard = guard
        try:
            yield
        finally:
            self._guard = None

    def _refuse_locked(self, request: httpx.Request) -> None:
        """Returns if the request may be sent now.

        Raises:
            RefusedError: it must not.
        """
        if request.method == "GET":
            return
        if self._guard is None or request.method not in _METHODS:
            raise RefusedError(
                f"Refused to send {request.method}: writes are locked until a plan is approved."
            )
        if not request.url.path.startswith(self._path):
            raise RefusedError(
                f"Refused to send {request.method} to {request.url.path}: only the configured"
                f" version of {self._service}, {self._path}, is written."
            )
        below = request.url.raw_path.decode("ascii").removeprefix(self._path)
        why = self._guard(request.method, below, request.content)
        if why is not None:
            last = unquote(request.url.path.rpartition("/")[2])
            raise RefusedError(f"Refused to send {request.method} to {last}: {why}.")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The complete response of the configured origin; sets `answered`.

        Secrets in it, error bodies included, are registered for masking before any message can
        contain them.

        Raises:
            ServiceAnswerError: the request is for another origin, or the response is too large.
            httpx.DecodingError: the response cannot be decompressed.
            ServiceRefusalError: the response is a redirect.
            RefusedError: a write while writes are locked, or of an object that is not planned.
        """
        if origin_of(request.url) != self._origin:
            raise ServiceAnswerError(
                f"A link to another server ({request.url.scheme}://{request.url.host}) was not"
                f" followed; the access token is sent to the configured {self._service} only."
            )
        self._refuse_locked(request)
        async with self._connections.lease() as connection:
            response = await connection.handle_async_request(request)
            self.answered = True
            response = await _read(response, request)
        if 300 <= response.status_code < 400:
            raise ServiceRefusalError(
                f"{self._service} answered with a redirect (HTTP {response.status_code}); redirects"
                " are not followed.",
                status=response.status_code,
                request_id=request_id_of(response.headers),
            )
        learn(
            response.content.decode(json.detect_encoding(response.content), "replace")
        )  # as `json.loads` reads it
        if response.status_code == 401:
            # Otherwise the SDK answers the challenge itself and repeats a write without calling its
            # guard.
            response.headers[CHALLENGE] = response.headers.pop("WWW-Authenticate", "")
        response.headers[STATUS] = str(response.status_code)
        return response

    async def aclose(self) -> None:
        """Closes the sockets; the SDK's own transport does not (docs/graph.md §6.6)."""
        await self._connections.aclose()


def _only_planned(planned_ids: Collection[str]) -> WriteGuard:
    """The guard of apply: PATCH and DELETE of these objects only."""
    allowed = {planned_id.casefold() for planned_id in planned_ids}

    def guard(method: str, below: str, _body: bytes) -> str | None:
        """The objection to a write."""
        object_id = unquote(below.partition("?")[0].rpartition("/")[2])
        if method in _FOR_PLANNED and object_id.casefold() not in allowed:
            return "the plan does not name it"
        return None

    return guard


async def _read(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    """The same response with its complete body, decompressed.

    Raises:
        ServiceAnswerError: the body is too large.
        httpx.DecodingError: it cannot be decompressed.
    """
    try:
        body = Body(response.headers, MAX_ANSWER_BYTES)
        async for piece in response.aiter_raw():
            body.add(piece)
    except TooLargeError as error:
        raise ServiceAnswerError(
            f"The answer to {method_and_path(request.method, request.url)} (HTTP"
            f" {response.status_code}) is larger than {MAX_ANSWER_BYTES // 1024**2} MiB; reading it"
            " was stopped.",
            request_id=request_id_of(response.headers),
        ) from error
    headers = httpx.Headers(response.headers)
    for name in _TRANSFER_HEADERS:
        headers.pop(name, None)
    return httpx.Response(
        response.status_code, headers=headers, content=body.content(), request=request
    )


def open_transport(base_url: str, service: str) -> GuardedTransport:
    """A guarded transport to the base URL of the service, which messages name, with the proxy and
    the CA certificates that the environment names.

    A failed connection is tried twice more, before any request is sent.

    Raises:
        UsageError: the proxy or the certificates cannot be used.
    """
    try:
        proxy = proxy_for(base_url)
        # Plain http, which is for loopback only, needs no certificates; but those that are
        # configured must be valid.
        needed = origin_of(base_url)[0] == "https" or not {
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        }.isdisjoint(os.environ)
        trusted = httpx.create_ssl_context() if needed else False
        connections = ConnectionPool(
            lambda: httpx.AsyncHTTPTransport(
                verify=trusted,
                http1=True,
                http2=False,
                limits=_ONE_CONNECTION,
                retries=2,
                proxy=proxy,
            )
        )
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise UsageError(
            "The proxy or the CA certificates set by environment variables cannot be used"
            f" ({type(error).__name__}).",
            hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error
    return GuardedTransport(connections, base_url, service)
