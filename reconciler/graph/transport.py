"""The one way out: to the configured origin only, and nothing but GET before apply unlocks writing."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import httpx

from reconciler.errors import GraphAnswerError, GraphRefusalError, RefusedError, UsageError
from reconciler.graph.body import Body, TooLargeError
from reconciler.graph.proxies import proxy_for
from reconciler.graph.requests import method_and_path
from reconciler.model.secrets import learn

Origin = tuple[str, str, int | None]
_ABOUT_THE_TRANSFER = ("content-encoding", "content-length", "transfer-encoding")
_ONE_CONNECTION = httpx.Limits(max_connections=1, max_keepalive_connections=1)
MOST_BYTES_OF_AN_ANSWER = 8 * 1024**2
"""As received and as decompressed: all 500 extensions that a tenant may hold in one page, at 16 KiB each."""
CHALLENGE = "X-Challenge"
"""Under which name the challenge of a 401 is handed on."""


def origin_of(url: str | httpx.URL) -> Origin:
    """Scheme, host and port of a URL, with the scheme's default port filled in."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


class Lanes:
    """As many connections as requests are in flight, each in a pool of its own; the last one given back goes first.

    One pool for all would look through all its connections several times a request (ADR 0018).
    """

    def __init__(self, open_lane: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._open_lane = open_lane
        self._lanes = [open_lane()]
        self._free = list(self._lanes)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A lane for one request, whose answer must be read inside the block."""
        if not self._free:
            self._lanes.append(self._open_lane())
            self._free.append(self._lanes[-1])
        lane = self._free.pop()
        try:
            yield lane
        except BaseException:  # its one connection may hang between two states, and would be taken first for ever
            self._lanes.remove(lane)
            await lane.aclose()
            raise
        self._free.append(lane)

    async def aclose(self) -> None:
        """Closes all connections."""
        async with AsyncExitStack() as stack:
            for lane in self._lanes:
                stack.push_async_callback(lane.aclose)


class GuardedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 to one origin. Refuses any other origin, every redirect, and any method but GET while locked.

    It stands below the SDK's pipeline, so that nothing the SDK does can go round it. Why each rule: docs/graph.md §6.2
    (a redirected POST turns into a GET), docs/graph.md §6.3 (the bearer token follows foreign links).
    """

    def __init__(self, lanes: Lanes, origin: Origin) -> None:
        self._lanes = lanes
        self._origin = origin
        self._writes_unlocked = False
        self.answered = False

    @contextmanager
    def writes_unlocked(self) -> Iterator[None]:
        """Lets POST and PUT through until the block ends; only apply opens it, for a plan shown and approved."""
        self._writes_unlocked = True
        try:
            yield
        finally:
            self._writes_unlocked = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the configured origin, read whole; `answered` tells from then on that there is one.

        Secrets in it, in a refusal as well, are learned before anybody can repeat them in a message.

        Raises:
            GraphAnswerError: the request would leave the origin, or the answer is too large.
            httpx.DecodingError: the answer cannot be decompressed.
            GraphRefusalError: the answer is a redirect.
            RefusedError: a write while writing is locked.
        """
        if origin_of(request.url) != self._origin:
            raise GraphAnswerError(
                f"A link to another server ({request.url.scheme}://{request.url.host}) was not followed; "
                "the token goes to the configured Graph only."
            )
        if request.method not in (("GET", "POST", "PUT") if self._writes_unlocked else ("GET",)):
            raise RefusedError(f"A {request.method} was about to be sent although nothing was approved; it was not.")
        async with self._lanes.one() as lane:
            response = await lane.handle_async_request(request)
            self.answered = True
            response = await _read(response, request)
        if 300 <= response.status_code < 400:
            raise GraphRefusalError(
                f"Graph answered with a redirect (HTTP {response.status_code}), which is never followed.",
                status=response.status_code,
                request_id=response.headers.get("request-id"),
            )
        learn(response.content.decode(json.detect_encoding(response.content), "replace"))  # as `json.loads` reads it
        if response.status_code == 401:
            # Else the SDK answers the challenge itself, and sends a write again past everything that watches it.
            response.headers[CHALLENGE] = response.headers.pop("WWW-Authenticate", "")
        return response

    async def aclose(self) -> None:
        """Closes the sockets; the SDK's own transport does not (docs/graph.md §6.6)."""
        await self._lanes.aclose()


async def _read(response: httpx.Response, request: httpx.Request) -> httpx.Response:
    """The same response with its whole body, decompressed.

    Raises:
        GraphAnswerError: the body is too large.
        httpx.DecodingError: it cannot be decompressed.
    """
    try:
        body = Body(response.headers, MOST_BYTES_OF_AN_ANSWER)
        async for piece in response.aiter_raw():
            body.add(piece)
    except TooLargeError as error:
        raise GraphAnswerError(
            f"The answer to {method_and_path(request.method, request.url)} (HTTP {response.status_code}) is larger "
            f"than {MOST_BYTES_OF_AN_ANSWER // 1024**2} MiB; it was not read to its end.",
            request_id=response.headers.get("request-id"),
        ) from error
    headers = httpx.Headers(response.headers)
    for name in _ABOUT_THE_TRANSFER:
        headers.pop(name, None)
    return httpx.Response(response.status_code, headers=headers, content=body.content(), request=request)


def open_transport(base_url: str) -> GuardedTransport:
    """A guarded transport to the base URL, through the proxy and with the CA that the environment names.

    A connection that cannot be made is tried twice more, which repeats no request.

    Raises:
        UsageError: that proxy or those certificates cannot be used.
    """
    try:
        proxy = proxy_for(base_url)
        # Plain http, which goes to loopback only, needs none; those that somebody names must be sound nevertheless.
        needed = origin_of(base_url)[0] == "https" or not {"SSL_CERT_FILE", "SSL_CERT_DIR"}.isdisjoint(os.environ)
        trusted = httpx.create_ssl_context() if needed else False
        lanes = Lanes(
            lambda: httpx.AsyncHTTPTransport(
                verify=trusted, http1=True, http2=False, limits=_ONE_CONNECTION, retries=2, proxy=proxy
            )
        )
    except (OSError, ValueError, httpx.InvalidURL) as error:
        raise UsageError(
            f"The proxy or the certificates that the environment names cannot be used ({type(error).__name__}).",
            hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error
    return GuardedTransport(lanes, origin_of(base_url))
