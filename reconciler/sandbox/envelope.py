"""Middleware for every request: ids in headers, errors in the form of Graph or of Azure Resource
Manager, tokens, latency and rate limit.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.exchange import json_response
from reconciler.sandbox.resource_manager import (
    RETRY_AFTER_S,
    authorization_failed,
    error_response,
    id_headers,
    is_resource_manager,
    throttled,
    unknown_path,
)
from reconciler.sandbox.switches import Switches

_log = logging.getLogger(__name__)
_THROTTLED: Final = 429
_READS: Final = frozenset({"GET", "HEAD"})


@web.middleware
async def envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Adds the service's headers to every answer and turns every error into its error body: Graph's
    (docs/graph.md §5.2), or Azure Resource Manager's (docs/graph.md §9.3).
    """
    ids = _ids(request)
    try:
        response = await handler(request)
    except GraphError as error:
        response = _refusal(request, error, ids)
    except web.HTTPException as error:
        response = _refusal(request, _as_graph(error, request), ids)
    except Exception:  # noqa: BLE001 - a bug in the sandbox is answered as HTTP 500 and logged with its traceback
        _log.exception("Internal error of the sandbox on %s %s", request.method, request.path)
        response = _refusal(
            request, GraphError(500, "InternalServerError", "The sandbox failed; see its log."), ids
        )
    response.headers.update({**ids, **_constant_headers(request)})
    return response


def tokens(environment: Mapping[str, str] = os.environ) -> Middleware:
    """Allows everything with the full token, reads with the read-only one, nothing else
    (docs/graph.md §3, §5.2).
    """
    full = environment.get("RECONCILER_LOOPBACK_TOKEN") or "loopback-token-not-secret"
    read_only = (
        environment.get("RECONCILER_SANDBOX_READ_ONLY_TOKEN")
        or "loopback-read-only-token-not-secret"
    )

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's answer, if the token allows the request."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in (full, read_only):
            raise GraphError(
                401,
                "InvalidAuthenticationToken",
                "Access token is empty, malformed or not accepted.",
            )
        if token != full and request.method not in _READS:
            raise _forbidden(request)
        return await handler(request)

    return admit


def pace(switches: Switches) -> Middleware:
    """Waits `latency_ms` and answers 429 to more than `rate_limit` requests a second
    (docs/graph.md §5.1).
    """
    admitted: deque[float] = deque(maxlen=switches.rate_limit or 1)

    @web.middleware
    async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's answer, delayed or throttled as the switches say."""
        if switches.latency_ms:
            await asyncio.sleep(switches.latency_ms / 1000)
        if switches.rate_limit:
            now = asyncio.get_running_loop().time()
            if len(admitted) == switches.rate_limit and now - admitted[0] < 1:
                raise _throttled(request)
            admitted.append(now)
        return await handler(request)

    return hold


def _ids(request: web.Request) -> dict[str, str]:
    request_id = str(uuid4())
    if is_resource_manager(request):
        return id_headers(request, request_id)
    return {
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id),
    }


def _constant_headers(request: web.Request) -> dict[str, str]:
    if is_resource_manager(request):
        return {"Cache-Control": "no-cache"}
    return {"OData-Version": "4.0", "Cache-Control": "private"}


def _forbidden(request: web.Request) -> GraphError:
    if is_resource_manager(request):
        return authorization_failed(request)
    return GraphError(
        403, "UnAuthorized", "The caller is not authorized to perform this operation."
    )


def _throttled(request: web.Request) -> GraphError:
    if is_resource_manager(request):
        return throttled(request)
    return GraphError(_THROTTLED, "TooManyRequests", "Too many requests; wait as Retry-After says.")


def _as_graph(error: web.HTTPException, request: web.Request) -> GraphError:
    # docs/graph.md §5.2: a wrong method is answered like a wrong path.
    if error.status in (404, 405):
        if is_resource_manager(request):
            return unknown_path(request)
        uri = (
            "No HTTP resource was found that matches the request URI"
            f" '{request.url.with_query(None)}'."
        )
        return GraphError(404, "UnknownError", uri)
    return GraphError(error.status, "BadRequest", error.reason)


def _refusal(request: web.Request, error: GraphError, ids: Mapping[str, str]) -> web.Response:
    response = (
        error_response(error) if is_resource_manager(request) else _graph_response(error, ids)
    )
    if error.status == _THROTTLED:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _graph_response(error: GraphError, ids: Mapping[str, str]) -> web.Response:
    inner = {"date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **ids}
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return json_response(body, error.status)
