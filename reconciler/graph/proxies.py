"""Which proxy the environment names for an address, by the rules of the libraries that sign in."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx

from reconciler.errors import UsageError
from reconciler.settings import LOOPBACK_HOSTS


def proxy_for(address: str) -> str | None:
    """The proxy for the address, http where it names no scheme; None for loopback and for what NO_PROXY names.

    The variable of the address's scheme (HTTPS_PROXY) comes before ALL_PROXY, as in requests, httpx and curl.

    Raises:
        UsageError: it is a SOCKS proxy; neither httpx nor requests speaks that without packages of their own.
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
            "The environment names a SOCKS proxy, which is not supported.",
            hint="Name an HTTP proxy in HTTPS_PROXY or ALL_PROXY, or set NO_PROXY.",
        )
    return proxy if separator else f"http://{proxy}"
