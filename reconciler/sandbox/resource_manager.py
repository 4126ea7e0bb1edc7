"""What is true of all of Azure Resource Manager: its paths, headers and errors
(docs/graph.md §9.1, §9.3).
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from aiohttp import web

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.exchange import json_response

RETRY_AFTER_S: Final = 1
_CONTENT_TYPE: Final = "application/json; charset=utf-8"
_VERBS: Final = {"GET": "read", "HEAD": "read", "POST": "action", "DELETE": "delete"}
_CALLER: Final = "00000000-0000-0000-0000-00000000c11e"
"""The made-up client and object id of whoever asks: a loopback token names nobody."""


def is_resource_manager(request: web.Request) -> bool:
    """Whether the request is for Azure Resource Manager, by its path."""
    return request.path.lower().startswith("/subscriptions/")


def route(*segments: str) -> str:
    """An aiohttp route whose fixed segments match in any case; `{name}` is a variable one."""
    parts = [
        segment if segment.startswith("{") else f"{{fixed{index}:(?i:{re.escape(segment)})}}"
        for index, segment in enumerate(segments)
    ]
    return "/" + "/".join(parts)


def id_headers(request: web.Request, request_id: str) -> dict[str, str]:
    """The headers that identify a request to Microsoft's support."""
    correlation_id = request.headers.get("x-ms-correlation-request-id", request_id)
    return {"x-ms-request-id": request_id, "x-ms-correlation-request-id": correlation_id}


def resource_response(payload: Json) -> web.Response:
    """A JSON answer with ARM's content type."""
    return json_response(payload, content_type=_CONTENT_TYPE)


def error_response(error: GraphError) -> web.Response:
    """ARM's error body; unlike Graph's, it has no `innerError`."""
    body = {"error": {"code": error.code, "message": error.message}}
    return json_response(body, error.status, _CONTENT_TYPE)


def require_api_version(
    query: Mapping[str, str], resource_type: str, supported: Collection[str]
) -> None:
    """Nothing, if the request names a supported `api-version`. Raises: GraphError 400."""
    version = query.get("api-version")
    if not version:
        raise GraphError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if version not in supported:
        raise GraphError(
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location 'westeurope' and API version"
            f" '{version}' for type '{resource_type}'. The supported api-versions are"
            f" '{', '.join(supported)}'. The supported locations are 'westeurope'.",
        )


def authorization_failed(request: web.Request) -> GraphError:
    """The 403 of a caller without the role: the same whether the resource exists or not."""
    action, scope = _action_and_scope(request.method, request.path)
    return GraphError(
        403,
        "AuthorizationFailed",
        f"The client '{_CALLER}' with object id '{_CALLER}' does not have authorization to perform"
        f" action '{action}' over scope '{scope}' or the scope is invalid. If access was recently"
        " granted, please refresh your credentials.",
    )


def throttled(request: web.Request) -> GraphError:
    """The 429 of a caller with too many requests."""
    subscription = request.path.split("/")[2]
    return GraphError(
        429,
        "SubscriptionRequestsThrottled",
        f"Number of '{_VERBS.get(request.method, 'write')}' requests for subscription"
        f" '{subscription}' actor '{_CALLER}' exceeded. Please try again after '{RETRY_AFTER_S}'"
        " seconds.",
    )


def unknown_path(request: web.Request) -> GraphError:
    """The 404 of everything that the sandbox does not offer."""
    uri = request.url.with_query(None)
    return GraphError(
        404, "NotFound", f"No HTTP resource was found that matches the request URI '{uri}'."
    )


def _action_and_scope(method: str, path: str) -> tuple[str, str]:
    """The action that a role must allow, and the resource on which it must be allowed.

    After the namespace, types and names take turns; the last type can lack a name: then it is a
    collection, or what a POST does.
    """
    segments = path.strip("/").split("/")
    folded = [segment.lower() for segment in segments]
    start = folded.index("providers") + 1 if "providers" in folded else 0
    namespace, *rest = segments[start:] if start else ["Microsoft.Resources", *segments]
    action = "/".join([namespace, *rest[::2], _VERBS.get(method, "write")])
    scope = segments if len(rest) % 2 == 0 else segments[:-1]
    return action, "/" + "/".join(scope)
