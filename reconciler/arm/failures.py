"""Errors of Azure Resource Manager and the network as our own."""

from __future__ import annotations

from typing import Any

import httpx

from reconciler.errors import RETRY, ServiceRefusalError, ServiceUnansweredError
from reconciler.model.secrets import mask
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.network import http
from reconciler.network.addresses import method_and_path, request_id_of
from reconciler.settings import LOOPBACK_HOSTS

SERVICE = "Azure Resource Manager"
_MAX_QUOTE_LENGTH = 400


def refusal(response: httpx.Response) -> ServiceRefusalError:
    """The answer as an error: status, its own code and message, request ID (docs/graph.md §9.3)."""
    error = _error_in(response)
    code = error.get("code") if isinstance(error.get("code"), str) else None
    parts = [part for part in (code, error.get("message")) if isinstance(part, str) and part]
    reason = mask(": ".join(parts))[:_MAX_QUOTE_LENGTH] or "no error body"
    request_id = request_id_of(response.headers)
    what = method_and_path(response.request.method, response.request.url)
    return ServiceRefusalError(
        f"{what} failed with HTTP {response.status_code} ({reason}; request ID"
        f" {request_id or 'missing'}).",
        status=response.status_code,
        code=code,
        request_id=request_id,
        headers=response.headers,
        hint=RETRY,
    )


def _error_in(response: httpx.Response) -> dict[str, Any]:
    """The member `error` of the body; empty for any other body."""
    try:
        body = parsed(response.content)
    except InvalidJsonError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def unanswered(error: Exception, url: httpx.URL, timeout_s: float) -> ServiceUnansweredError:
    """A GET without an answer."""
    where = "--arm-url, or --graph-url" if url.host in LOOPBACK_HOSTS else "the proxy variables"
    return http.unanswered(error, "GET", url, timeout_s, f"Check the network, and {where}.")
