"""Real clients for the tests of this folder: the real SDK, with a clock, a sleep and a chance of
the test's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import GraphClient, Limits, open_client
from reconciler.graph.credentials import TokenSource
from reconciler.graph.retry import RetryPolicy
from tests.graph.scripted import CATALOG, TOKEN

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
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
    timeout_s: float = 5.0,
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


async def send(graph: GraphClient, method: str) -> object:
    """One request with the verb: GET or PUT of an extension, GET of a listing, POST of a new
    extension.
    """
    if method == "GET":
        return await graph.send(graph.requests.extension(CATALOG, "e-1"))
    with graph.writes_unlocked():
        if method == "PUT":
            return await graph.send(graph.requests.extension(CATALOG, "e-1", BODY))
        return await graph.send(graph.requests.extensions(CATALOG, BODY))
