"""The HTTP client of one service, and the error of a request that got no answer."""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from reconciler.errors import ServiceUnansweredError
from reconciler.network.addresses import method_and_path
from reconciler.network.body import ACCEPTED
from reconciler.network.transport import GuardedTransport

# A proxy that refuses has only been asked for a tunnel.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def http_client(
    transport: GuardedTransport, timeout_s: float, base_url: str = ""
) -> httpx.AsyncClient:
    """A client over the transport, which it closes; it keeps no cookies."""
    return httpx.AsyncClient(
        transport=transport,
        base_url=base_url,
        # Connecting, with its two retries, must time out before the request does: only then it was
        # certainly not sent.
        timeout=httpx.Timeout(timeout_s, connect=timeout_s / 4),
        headers={"Accept-Encoding": ACCEPTED},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )


def unanswered(
    error: Exception, method: str, url: httpx.URL, timeout_s: float, hint: str
) -> ServiceUnansweredError:
    """A request without an answer; `not_sent` if it certainly did not reach the service
    (docs/graph.md §6.6).
    """
    reason = f"no answer within {timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
    return ServiceUnansweredError(
        f"{method_and_path(method, url)} got no answer from {url.scheme}://{url.netloc.decode()}"
        f" ({reason or type(error).__name__}).",
        not_sent=isinstance(error, _NOT_SENT),
        hint=hint,
    )
