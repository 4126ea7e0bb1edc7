"""Real clients for the tests of this folder: the real SDK, with a clock, a sleep and a chance of
the test's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from clock import TIMEOUT_S

from reconciler.auth.credentials import LoopbackToken
from reconciler.errors import ServiceError
from reconciler.graph.client import GraphClient, open_client
from reconciler.model.graph import Answer, Request
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.network.tokens import TokenSource
from tests.graph.scripted import CATALOG, TOKEN

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EXTENSION = "e-1"
BODY = {
    "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    "displayName": "x",
}


@asynccontextmanager
async def graph_at(
    base: str,
    *,
    retries: int = 0,
    waits: list[float] | None = None,
    timeout_s: float = TIMEOUT_S,
    concurrency: int = 8,
    tokens: TokenSource | None = None,
    chance: float = 1.0,
) -> AsyncIterator[GraphClient]:
    """A client whose waits are recorded instead of waited; `chance` is what the dice
    always show.
    """

    async def sleep(wait_s: float) -> None:
        if waits is not None:
            waits.append(wait_s)

    retry = RetryPolicy(retries, sleep=sleep, chance=lambda: chance, now=lambda: NOW)
    limits = Limits(retry, timeout_s, concurrency)
    async with open_client(base, tokens or LoopbackToken(TOKEN), limits) as graph:
        yield graph


def extensions(graph: GraphClient, method: str = "GET", *, catalog_id: str = CATALOG) -> Request:
    """The extensions of the catalog: all of them, or a new one."""
    catalog = graph.entitlement.catalogs.by_access_package_catalog_id(catalog_id)
    body = None if method == "GET" else BODY
    return Request.to(catalog.custom_workflow_extensions, method, body)


def extension(graph: GraphClient, method: str = "GET") -> Request:
    """One extension: its reading, or its writing."""
    catalog = graph.entitlement.catalogs.by_access_package_catalog_id(CATALOG)
    builder = catalog.custom_workflow_extensions.by_custom_callout_extension_id(EXTENSION)
    return Request.to(builder, method, None if method == "GET" else BODY)


def catalogs(graph: GraphClient, expression: str | None = None) -> Request:
    """The catalogs that the expression selects; all without one."""
    return Request.to(graph.entitlement.catalogs, filter=expression)


async def send(graph: GraphClient, method: str) -> Answer:
    """The answer to a request with the verb: GET of an extension, as often as it is retried; one
    attempt of a POST or a PUT.

    Raises:
        ServiceError: the last attempt failed.
    """
    if method == "GET":
        return await graph.read(extension(graph))
    request = extensions(graph, method) if method == "POST" else extension(graph, method)
    with graph.writes_unlocked((EXTENSION,)):
        return await attempt(graph, request)


async def attempt(graph: GraphClient, request: Request) -> Answer:
    """The answer to one attempt; its error is raised."""
    async with graph.permit():
        result = await graph.attempt(graph.sending(request))
    if isinstance(result, ServiceError):
        raise result
    return result
