"""Errors of the SDK and the network as our own: an HTTP error from Graph, or no answer at all."""

from __future__ import annotations

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from reconciler.errors import RETRY, DeleteRefusalError, ServiceRefusalError, ServiceUnansweredError
from reconciler.graph.requests import described
from reconciler.model.secrets import mask
from reconciler.network import http

_MAX_QUOTE_LENGTH = 400
_READING = (
    "Reading needs EntitlementManagement.Read.All, or the role Catalog reader on the catalog."
)


def refusal(error: APIError, request: RequestInformation) -> ServiceRefusalError:
    """The SDK's error as ours: status, Graph's own code and message, request ID
    (docs/graph.md §5.2).
    """
    status = error.response_status_code or 0
    headers = error.response_headers or {}
    main = error.error if isinstance(error, ODataError) else None
    parts = [part for part in (main.code, main.message) if part] if main else []
    reason = mask(": ".join(parts))[:_MAX_QUOTE_LENGTH] or "no Graph error body"
    inner = main.inner_error if main else None
    request_id = headers.get("request-id") or (inner.request_id if inner else None) or None
    retry_after = headers.get("Retry-After")
    details = f"request ID {request_id or 'missing'}" + (
        f"; Retry-After {retry_after}" if retry_after else ""
    )
    refused = DeleteRefusalError if request.http_method is Method.DELETE else ServiceRefusalError
    return refused(
        f"{described(request)} failed with HTTP {status} ({reason}; {details}).",
        status=status,
        code=main.code if main else None,
        request_id=request_id,
        headers=headers,
        hint=_hint(request, status),
    )


def _hint(request: RequestInformation, status: int) -> str | None:
    """What to do about a refused read (docs/graph.md §3); for a write its kind knows."""
    if request.http_method is not Method.GET:
        return None
    return _READING if status == 403 else RETRY


def unanswered(
    error: Exception, request: RequestInformation, timeout_s: float
) -> ServiceUnansweredError:
    """A request without an answer."""
    method, url = request.http_method.value, httpx.URL(request.url)
    hint = "Check the network, the proxy variables and --graph-url."
    return http.unanswered(error, method, url, timeout_s, hint)
