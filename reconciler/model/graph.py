"""What kinds see of Graph: requests and answers as data, and how to send a read."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from reconciler.errors import ServiceError, ServiceRefusalError
from reconciler.model.json_values import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as data: its address as the SDK's request builders write it, and its body.

    `address` is a URL template (RFC 6570) and `parameters` its variables; `filter` and `expand` are
    the values of `$filter` and `$expand`, `prefer` that of the header Prefer, if there are any. A
    request with another method than GET is a write. `beta`: a read of that version of Graph.
    """

    method: str
    address: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    filter: str | None = None
    expand: str | None = None
    prefer: str | None = None
    beta: bool = False

    @classmethod
    def to(
        cls,
        builder: Any,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        filter: str | None = None,  # noqa: A002 - the query option is called so
        expand: str | None = None,
    ) -> Request:
        """The request to the address of one of the SDK's request builders (docs/graph.md §6.5)."""
        parameters = dict(builder.path_parameters)
        return cls(method, builder.url_template, parameters, body, filter, expand)


@dataclass(frozen=True, slots=True)
class Answer:
    """Graph's answer: the JSON object (empty for an empty body), the request ID, the size of the
    body, and the status.
    """

    body: JsonObject
    request_id: str | None
    size_bytes: int
    status: int = 200


class Graph(Protocol):
    """Reads of one Graph."""

    @property
    def entitlement(self) -> Any:
        """The SDK's request builder of entitlement management."""

    @property
    def answered(self) -> bool:
        """True after Graph has answered any HTTP request of this run."""

    async def read(self, request: Request, *, retry_unclear: bool = True) -> Answer:
        """The answer to one read, retried where that is safe.

        Raises:
            ServiceError: the error of the last attempt.
        """

    async def pages(
        self, request: Request, *, max_items: int = ..., retry_unclear: bool = True
    ) -> list[JsonObject]:
        """All objects of a listing, from all pages.

        Raises:
            ServiceError: a page failed or is invalid, or the listing exceeds a limit.
        """


async def read_or_none(graph: Graph, request: Request) -> Answer | None:
    """The answer to the read of one object; None if Graph answers 404.

    Raises:
        ServiceError: any other error.
    """
    try:
        return await graph.read(request)
    except ServiceRefusalError as error:
        if error.status == 404:
            return None
        raise


async def tried(reading: Awaitable[T]) -> T | ServiceError:
    """What was read, or why it could not be."""
    try:
        return await reading
    except ServiceError as error:
        return error
