"""The one way out: to the configured origin only, and nothing but GET before apply unlocks writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler.errors import GraphAnswerError, GraphRefusalError, RefusedError, UsageError
from reconciler.model.secrets import learn
from reconciler.settings import LOOPBACK_HOSTS

Origin = tuple[str, str, int | None]
CHALLENGE = "X-Challenge"
"""Under which name the challenge of a 401 is handed on."""


def origin_of(url: str | httpx.URL) -> Origin:
    """Scheme, host and port of a URL, with the scheme's default port filled in."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


class GuardedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 to one origin. Refuses any other origin, every redirect, and any method but GET while locked.

    It stands below the SDK's pipeline, so that nothing the SDK does can go round it. Why each rule: sdk-facts §2 (a
    redirected POST turns into a GET), §3 (the bearer token follows foreign links), §10.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, origin: Origin) -> None:
        self._inner = inner
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
            GraphAnswerError: the request would leave the origin.
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
        response = await self._inner.handle_async_request(request)
        self.answered = True
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise GraphRefusalError(
                f"Graph answered with a redirect (HTTP {response.status_code}), which is never followed.",
                status=response.status_code,
                request_id=response.headers.get("request-id"),
            )
        await response.aread()
        learn(response.text)
        if response.status_code == 401:
            # Else the SDK answers the challenge itself, and sends a write again past everything that watches it.
            response.headers[CHALLENGE] = response.headers.pop("WWW-Authenticate", "")
        return response

    async def aclose(self) -> None:
        """Closes the sockets; the SDK's own transport does not (sdk-facts §8)."""
        await self._inner.aclose()


def open_transport(base_url: str, concurrency: int) -> GuardedTransport:
    """A guarded transport to the base URL, through the proxy and with the CA that the environment names.

    At most `concurrency` connections; a connection that cannot be made is tried twice more, which repeats no request.

    Raises:
        UsageError: that proxy or those certificates cannot be used.
    """
    try:
        inner = httpx.AsyncHTTPTransport(
            http1=True,
            http2=False,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            retries=2,
            proxy=_proxy(httpx.URL(base_url)),
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise UsageError(
            f"The proxy or the certificates that the environment names cannot be used ({type(error).__name__}).",
            hint="Check HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from error
    return GuardedTransport(inner, origin_of(base_url))


def _proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for the URL: never for loopback; plain http where it names no scheme."""
    proxy = None if url.host in LOOPBACK_HOSTS or proxy_bypass(url.netloc.decode()) else getproxies().get(url.scheme)
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
