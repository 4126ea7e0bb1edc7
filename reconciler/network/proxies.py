"""The proxy that the environment names for a URL, by the rules of the libraries that sign in."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler.errors import UsageError
from reconciler.settings import LOOPBACK_HOSTS


def proxy_for(address: str) -> str | None:
    """The proxy for the URL, with the scheme http if it has none; None for loopback and for hosts
    in NO_PROXY.

    The variable for the URL's scheme (HTTPS_PROXY) wins over ALL_PROXY, as in requests, httpx and
    curl.

    Raises:
        UsageError: it is a SOCKS proxy, which httpx and requests support only with additional
            packages.
    """
    url = httpx.URL(address)
    if url.host in LOOPBACK_HOSTS or proxy_bypass(url.netloc.decode()):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if proxy is None:
        return None
    scheme, separator, _ = proxy.partition("://")
    if scheme.lower().startswith("socks"):
        raise UsageError(
            "HTTPS_PROXY or ALL_PROXY names a SOCKS proxy, which is not supported.",
            hint="Set HTTPS_PROXY or ALL_PROXY to an HTTP proxy, or set NO_PROXY.",
        )
    return proxy if separator else f"http://{proxy}"
