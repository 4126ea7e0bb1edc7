"""One read for all that list the same: where Graph refuses a filter, each search in a parent lists
the whole tenant.
"""

from __future__ import annotations

import asyncio
from typing import Any

from reconciler.model.graph import Answer, Graph, Request
from reconciler.model.json_values import JsonObject


class SharedListings:
    """Reads of one Graph for one observation: a listing without a filter is read once, by the first
    who needs it. What is filtered is read each time.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._listings: list[tuple[Request, asyncio.Task[list[JsonObject]]]] = []

    @property
    def entitlement(self) -> Any:
        """The SDK's request builder of entitlement management."""
        return self._graph.entitlement

    @property
    def answered(self) -> bool:
        """True after Graph has answered any HTTP request of this run."""
        return self._graph.answered

    async def read(self, request: Request, *, retry_unclear: bool = True) -> Answer:
        """The answer to one read.

        Raises:
            ServiceError: the error of the last attempt.
        """
        return await self._graph.read(request, retry_unclear=retry_unclear)

    async def pages(self, request: Request, **limits: Any) -> list[JsonObject]:
        """All objects of a listing, from all pages.

        Raises:
            ServiceError: a page failed or is invalid, or the listing exceeds a limit; for all who
                share it.
        """
        if request.filter is not None or limits:
            return await self._graph.pages(request, **limits)
        for shared, listing in self._listings:
            if shared == request:
                return await listing
        first = asyncio.create_task(self._graph.pages(request))
        self._listings.append((request, first))
        return await first
