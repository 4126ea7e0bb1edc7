"""The requests we make, built by the SDK's request builders; JSON goes in raw (docs/graph.md §1, §6.5)."""

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
    """Requests to one Graph. Those with a body write; the transport lets them out only while apply has unlocked it."""

    def __init__(self, adapter: GraphRequestAdapter) -> None:
        self._builder = GraphServiceClient(request_adapter=adapter).identity_governance.entitlement_management
        self._base_url = adapter.base_url
        self._addresses: dict[tuple[object, ...], str] = {}

    def catalogs(self, *names: str) -> RequestInformation:
        """GET catalogs, all of them or those with one of these display names (docs/graph.md §1.1; quotes doubled)."""
        builder = self._builder.catalogs
        if not names:
            return self._addressed(builder.to_get_request_information())
        wanted = " or ".join(named(name) for name in names)
        query = builder.CatalogsRequestBuilderGetQueryParameters(filter=wanted)
        return self._addressed(builder.to_get_request_information(RequestConfiguration(query_parameters=query)))

    def catalog(self, catalog_id: str) -> RequestInformation:
        """GET one catalog."""
        builder = self._builder.catalogs.by_access_package_catalog_id(catalog_id)
        return self._addressed(builder.to_get_request_information())

    def extensions(self, catalog_id: str, body: Json | None = None) -> RequestInformation:
        """GET the extensions of a catalog, or POST a new one (docs/graph.md §1.2)."""
        builder = self._builder.catalogs.by_access_package_catalog_id(catalog_id).custom_workflow_extensions
        request = builder.to_get_request_information() if body is None else _write(Method.POST, builder, body)
        return self._addressed(request)

    def extension(self, catalog_id: str, extension_id: str, body: Json | None = None) -> RequestInformation:
        """GET one extension, or PUT it whole: the SDK offers PATCH, which the service refuses (docs/graph.md §1.5)."""
        builder = self._builder.catalogs.by_access_package_catalog_id(catalog_id)
        item = builder.custom_workflow_extensions.by_custom_callout_extension_id(extension_id)
        request = item.to_get_request_information() if body is None else _write(Method.PUT, item, body)
        return self._addressed(request)

    def _addressed(self, request: RequestInformation) -> RequestInformation:
        """The request with its address written out: the SDK would do so each time it is asked (ADR 0018)."""
        request.path_parameters["baseurl"] = self._base_url
        if request.url_template and not request.query_parameters:  # then nothing comes of the longest part
            request.url_template = request.url_template.partition("{?")[0]
        about = request.url_template, *request.path_parameters.items(), *request.query_parameters.items()
        if about not in self._addresses:
            self._addresses[about] = request.url
        request.url = self._addresses[about]
        return request


def named(name: str) -> str:
    """The `$filter` expression for one display name; a quote inside it is doubled (docs/graph.md §1.3)."""
    literal = name.replace("'", "''")
    return f"displayName eq '{literal}'"


def follow(next_link: str) -> RequestInformation:
    """GET the next page: the link as it is, opaque (docs/graph.md §1.4).

    Raises:
        GraphAnswerError: the link is no absolute address, or names a user, whom httpx would sign in instead of us.
    """
    try:
        url, _ = httpx.URL(next_link), urlsplit(next_link).port
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if not url.host or url.userinfo:
        raise GraphAnswerError("A listing came with a next link that is no usable address.")
    request = RequestInformation()
    request.http_method, request.url = Method.GET, next_link
    request.headers.try_add("Accept", "application/json")
    return request


def described(request: RequestInformation) -> str:
    """The request in messages: verb and path below entitlement management, without query."""
    return method_and_path(request.http_method.value, httpx.URL(request.url))


def method_and_path(method: str, url: httpx.URL) -> str:
    """The same of a method and a URL."""
    return f"{method} {url.path.partition('/entitlementManagement')[2] or '/'}"


def _write(method: Method, builder: Any, body: Json) -> RequestInformation:
    """A request with a raw JSON body on the URL of an SDK request builder (docs/graph.md §6.5)."""
    request = RequestInformation(method, builder.url_template, dict(builder.path_parameters))
    request.headers.try_add("Accept", "application/json")
    request.set_stream_content(json.dumps(body, allow_nan=False).encode(), "application/json")
    return request
