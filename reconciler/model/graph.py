"""What kinds see of Graph: requests and answers as data, and how to send a read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.model.json_values import JsonObject


@dataclass(frozen=True, slots=True)
class Request:
    """One request as data: its address as the SDK's request builders write it, and its body.

    `address` is a URL template (RFC 6570) and `parameters` its variables; `filter` is the value of
    `$filter`, if there is one. A request with another method than GET is a write.
    """

    method: str
    address: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    filter: str | None = None

    @classmethod
    def to(
        cls,
        builder: Any,
        method: str = "GET",
        body: Mapping[str, Any] | None = None,
        filter: str | None = None,  # noqa: A002 - the query option is called so
    ) -> Request:
        """The request to the address of one of the SDK's request builders (docs/graph.md §6.5)."""
        return cls(method, builder.url_template, dict(builder.path_parameters), body, filter)


@dataclass(frozen=True, slots=True)
class Answer:
    """Graph's answer: the JSON object (empty for an empty body), the request ID, and the size of
    the body.
    """

    body: JsonObject
    request_id: str | None
    size_bytes: int


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
            GraphError: the error of the last attempt.
        """

    async def pages(
        self, request: Request, *, max_items: int = ..., retry_unclear: bool = True
    ) -> list[JsonObject]:
        """All objects of a listing, from all pages.

        Raises:
            GraphError: a page failed or is invalid, or the listing exceeds a limit.
        """
