"""One HTTP exchange through the official SDK: its request builders, authentication, pipeline and
errors, but raw JSON.

Why raw: typed models cost 3 to 5 ms per object, corrupt durations and lose nulls
(docs/graph.md §6.1, §6.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware import HeadersInspectionHandler, ParametersNameDecodingHandler
from kiota_http.middleware.options import HeadersInspectionHandlerOption
from msgraph import GraphRequestAdapter
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler

from reconciler.errors import GarbledAnswerError
from reconciler.graph.failures import refusal, unanswered
from reconciler.graph.requests import described
from reconciler.model.graph import Answer
from reconciler.model.json_values import JsonObject
from reconciler.model.strict_json import InvalidJsonError, parsed
from reconciler.network.addresses import origin_of
from reconciler.network.http import http_client
from reconciler.network.tokens import TokenSource
from reconciler.network.transport import STATUS, GuardedTransport


@asynccontextmanager
async def open_adapter(
    base_url: str, transport: GuardedTransport, tokens: TokenSource, timeout_s: float
) -> AsyncIterator[GraphRequestAdapter]:
    """The SDK's adapter over the transport; it and all its sockets are closed at the end of the
    block.
    """
    # No retry and no redirect handler: they repeat or redirect writes (docs/graph.md §6.2).
    pipeline = [
        ParametersNameDecodingHandler(),
        HeadersInspectionHandler(),
        GraphTelemetryHandler(),
    ]
    http = GraphClientFactory.create_with_custom_middleware(
        pipeline, client=http_client(transport, timeout_s)
    )
    adapter = GraphRequestAdapter(
        BaseBearerTokenAuthenticationProvider(_Tokens(tokens, base_url)), client=http
    )
    adapter.base_url = base_url
    try:
        yield adapter
    finally:
        await http.aclose()
        await transport.aclose()


async def exchange(
    adapter: GraphRequestAdapter, request: RequestInformation, timeout_s: float
) -> Answer:
    """One request and its answer.

    Raises:
        ServiceError: any failure of Graph, the network or the SDK.
    """
    inspection = HeadersInspectionHandlerOption(
        inspect_request_headers=False, inspect_response_headers=True
    )
    request.add_request_options([inspection])
    try:
        async with asyncio.timeout(timeout_s):
            raw = await adapter.send_primitive_async(request, "bytes", {"XXX": ODataError})
    except APIError as error:
        raise refusal(error, request) from error
    except httpx.DecodingError as error:
        raise GarbledAnswerError(
            f"The answer to {described(request)} cannot be decompressed."
        ) from error
    except (httpx.TransportError, TimeoutError) as error:
        raise unanswered(error, request, timeout_s) from error
    request_id = next(iter(inspection.response_headers.get("request-id")), None)
    status = int(next(iter(inspection.response_headers.get(STATUS)), "200"))
    return Answer(_json_object(raw, request, request_id), request_id, len(raw or b""), status)


class _Tokens(AccessTokenProvider):  # type: ignore[misc] # mypy does not follow the SDK
    """Adapts our token source to the SDK; gives no token for any other origin."""

    def __init__(self, source: TokenSource, base_url: str) -> None:
        self._source = source
        self._origin = origin_of(base_url)
        self._root = str(httpx.URL(base_url).join("/"))
        self._hosts = AllowedHostsValidator([self._origin[1]])

    async def get_authorization_token(
        self, uri: str, _additional_authentication_context: JsonObject | None = None
    ) -> str:
        # The first test avoids parsing in nearly all cases.
        ours = uri.startswith(self._root) or origin_of(uri) == self._origin
        return await self._source.token() if ours else ""

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return self._hosts


def _json_object(
    raw: bytes | None, request: RequestInformation, request_id: str | None
) -> JsonObject:
    if not raw and request.http_method is not Method.GET:
        return {}  # Graph may answer a write with an empty body
    try:
        body = parsed(raw or b"", keep_digits=True, unique_members=True)
    except InvalidJsonError as error:
        raise GarbledAnswerError(
            f"The answer to {described(request)} {error}.", request_id=request_id
        ) from error
    if not isinstance(body, dict):
        raise GarbledAnswerError(
            f"The answer to {described(request)} is not a JSON object.", request_id=request_id
        )
    return body
