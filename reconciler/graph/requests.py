"""Requests to Graph, built by the SDK's request builders, with raw JSON bodies (docs/graph.md §1,
§6.5).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import httpx
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient

from reconciler.errors import GraphAnswerError

Json = dict[str, Any]


class Requests:
    """Requests to one Graph. Those with a body are writes, which the transport sends only while
    writes are unlocked.
    """

    def __init__(self, adapter: GraphRequestAdapter) -> None:
        self._builder = GraphServiceClient(
            request_adapter=adapter
        ).identity_governance.entitlement_management
        self._base_url = adapter.base_url
        self._addresses: dict[tuple[object, ...], str] = {}

    def catalogs(self, *names: str) -> RequestInformation:
        """GET catalogs, all of them or those with one of these display names (docs/graph.md §1.1;
        quotes doubled).
        """
        builder = self._builder.catalogs
        if not names:
            return self._addressed(builder.to_get_request_information())
        any_name = " or ".join(map(name_filter, names))
        query = builder.CatalogsRequestBuilderGetQueryParameters(filter=any_name)
        return self._addressed(
            builder.to_get_request_information(RequestConfiguration(query_parameters=query))
        )

    def catalog(self, catalog_id: str) -> RequestInformation:
        """GET one catalog."""
        builder = self._builder.catalogs.by_access_package_catalog_id(catalog_id)
        return self._addressed(builder.to_get_request_information())

    def extensions(self, catalog_id: str, body: Json | None = None) -> RequestInformation:
        """GET the extensions of a catalog, or POST a new one (docs/graph.md §1.2)."""
        builder = self._builder.catalogs.by_access_package_catalog_id(
            catalog_id
        ).custom_workflow_extensions
        request = (
            builder.to_get_request_information()
            if body is None
            else _write(Method.POST, builder, body)
        )
        return self._addressed(request)

    def extension(
        self, catalog_id: str, extension_id: str, body: Json | None = None
    ) -> RequestInformation:
        """GET one extension, or PUT all of it: the SDK offers PATCH, which the service rejects
        (docs/graph.md §1.5).
        """
        builder = self._builder.catalogs.by_access_package_catalog_id(catalog_id)
        item = builder.custom_workflow_extensions.by_custom_callout_extension_id(extension_id)
        request = (
            item.to_get_request_information() if body is None else _write(Method.PUT, item, body)
        )
        return self._addressed(request)

    def _addressed(self, request: RequestInformation) -> RequestInformation:
        """The request with its URL expanded and cached: the SDK would expand it at every access
        (ADR 0018).
        """
        request.path_parameters["baseurl"] = self._base_url
        if (
            request.url_template and not request.query_parameters
        ):  # the longest part would expand to nothing
            request.url_template = request.url_template.partition("{?")[0]
        key = (
            request.url_template,
            *request.path_parameters.items(),
            *request.query_parameters.items(),
        )
        if key not in self._addresses:
            self._addresses[key] = request.url
        request.url = self._addresses[key]
        return request


def name_filter(name: str) -> str:
    """The `$filter` expression for one display name; a quote inside it is doubled
    (docs/graph.md §1.3).
    """
    literal = name.replace("'", "''")
    return f"displayName eq '{literal}'"


def follow(next_link: str) -> RequestInformation:
    """GET the next page: the link is opaque and used unchanged (docs/graph.md §1.4).

    Raises:
        GraphAnswerError: the link is not an absolute URL, or has a user name, which httpx would
            sign in with.
    """
    try:
        url, _ = httpx.URL(next_link), urlsplit(next_link).port
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if not url.host or url.userinfo:
        raise GraphAnswerError("The next link of a listing is not a usable URL.")
    request = RequestInformation()
    request.http_method, request.url = Method.GET, next_link
    request.headers.try_add("Accept", "application/json")
    return request


def described(request: RequestInformation) -> str:
    """The request as shown in messages: method and path below entitlement management, without
    query.
    """
    return method_and_path(request.http_method.value, httpx.URL(request.url))


def method_and_path(method: str, url: httpx.URL) -> str:
    """Method and path as shown in messages."""
    return f"{method} {url.path.partition('/entitlementManagement')[2] or '/'}"


def _write(method: Method, builder: Any, body: Json) -> RequestInformation:
    """A request with a raw JSON body on the URL of an SDK request builder (docs/graph.md §6.5)."""
    request = RequestInformation(method, builder.url_template, dict(builder.path_parameters))
    request.headers.try_add("Accept", "application/json")
    request.set_stream_content(json.dumps(body, allow_nan=False).encode(), "application/json")
    return request
