"""Addresses and ids of requests: their origin, and how messages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import httpx

Origin: TypeAlias = tuple[str, str, int | None]

_ENTITLEMENT = "/identityGovernance/entitlementManagement"
"""All of it: a resource group of Azure can have the name of its last segment."""


def origin_of(url: str | httpx.URL) -> Origin:
    """Scheme, host and port of a URL, with the scheme's default port filled in."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The id by which the service knows the request, in its own header or in that of Graph."""
    return headers.get("x-ms-request-id") or headers.get("request-id")


def method_and_path(method: str, url: httpx.URL) -> str:
    """Method and path as shown in messages. Of Graph's, only the path below entitlement management;
    one of the beta version says so.
    """
    outer, marker, path = url.path.partition(_ENTITLEMENT)
    if not marker:
        return f"{method} {url.path}"
    version = "/beta" if "/beta/" in outer else ""
    return f"{method} {version}{path or '/'}"
