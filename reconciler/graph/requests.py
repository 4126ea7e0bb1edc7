"""Requests to Graph, built by the SDK's request builders, with raw JSON bodies (docs/graph.md §1,
§6.5).
"""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from msgraph import GraphRequestAdapter, GraphServiceClient

from reconciler.errors import RefusedError, ServiceAnswerError
from reconciler.model.graph import Request
from reconciler.model.json_values import json_text
from reconciler.network.addresses import method_and_path


class Requests:
    """Turns requests as data into those of the SDK, for one Graph.

    Those with a body are writes, which the transport sends only while writes are unlocked.
    """

    def __init__(self, adapter: GraphRequestAdapter) -> None:
        client = GraphServiceClient(request_adapter=adapter)
        self.entitlement = client.identity_governance.entitlement_management
        self._base_url = adapter.base_url
        self._beta_url = f"{self._base_url.rpartition('/')[0]}/beta"

    def information(self, request: Request) -> RequestInformation:
        """The SDK's request, with a raw JSON body (docs/graph.md §6.5).

        Raises:
            RefusedError: an id in the address is missing, or it is a write to the beta version.
        """
        base_url = self._beta_url if request.beta else self._base_url
        options = {"%24filter": request.filter, "%24expand": request.expand}
        query = {name: value for name, value in options.items() if value}
        # Without a query, the longest part of the template would expand to nothing.
        template = request.address if query else request.address.partition("{?")[0]
        parameters = {**request.parameters, "baseurl": base_url}
        method = Method(request.method)
        information = RequestInformation(method, template, parameters)
        information.query_parameters.update(query)
        information.headers.try_add("Accept", "application/json")
        if request.prefer is not None:
            information.headers.try_add("Prefer", request.prefer)
        if request.body is not None:
            content = json_text(request.body).encode()
            information.set_stream_content(content, "application/json")
        information.url = information.url  # expanded once: the SDK would expand it at every access
        _refuse_without_id(information, base_url)
        if request.beta and method is not Method.GET:
            raise _refused(information, "the beta version is only read")
        return information


def _refuse_without_id(information: RequestInformation, base_url: str) -> None:
    """Returns if no id in the address is missing: the SDK would expand it to `catalogs/None`.

    Raises:
        RefusedError: one is.
    """
    _, *segments = information.url.removeprefix(base_url).partition("?")[0].split("/")
    if not {"", "None"}.isdisjoint(segments):
        raise _refused(information, "an id is missing in the address")


def _refused(information: RequestInformation, why: str) -> RefusedError:
    return RefusedError(
        f"Refused to send {described(information)}: {why}.",
        hint="This is a bug in reconciler; please report it.",
    )


def follow(next_link: str) -> RequestInformation:
    """GET the next page: the link is opaque and used unchanged (docs/graph.md §1.4).

    Raises:
        ServiceAnswerError: the link is not an absolute URL, or has a user name, which httpx would
            sign in with.
    """
    try:
        url, _ = httpx.URL(next_link), urlsplit(next_link).port
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if not url.host or url.userinfo:
        raise ServiceAnswerError("The next link of a listing is not a usable URL.")
    request = RequestInformation()
    request.http_method, request.url = Method.GET, next_link
    request.headers.try_add("Accept", "application/json")
    return request


def described(request: RequestInformation) -> str:
    """The request as shown in messages: method and path below entitlement management, without
    query.
    """
    return method_and_path(request.http_method.value, httpx.URL(request.url))
