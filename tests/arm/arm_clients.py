"""Real clients of Azure Resource Manager for the tests of this folder: a clock and a sleep of the
test's own, and a server that does what the test tells it to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clock import TIMEOUT_S

from reconciler.arm.client import ArmClient, open_arm_client
from reconciler.auth.credentials import LoopbackToken
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.network.tokens import TokenSource
from tests.graph.graph_clients import NOW
from tests.graph.scripted import TOKEN, Reply, Seen
from tests.preflight.workflows import LA

WORKFLOW = LA.path
SITE = LA.resource_of("Microsoft.Web/sites")


@asynccontextmanager
async def arm_at(
    base: str,
    *,
    retries: int = 0,
    waits: list[float] | None = None,
    tokens: TokenSource | None = None,
) -> AsyncIterator[ArmClient]:
    """A client whose waits are recorded instead of waited."""

    async def sleep(wait_s: float) -> None:
        if waits is not None:
            waits.append(wait_s)

    retry = RetryPolicy(retries, sleep=sleep, chance=lambda: 1.0, now=lambda: NOW)
    limits = Limits(retry, TIMEOUT_S, 4)
    async with open_arm_client(base, tokens or LoopbackToken(TOKEN), limits) as arm:
        yield arm


def refused(status: int, code: str = "SomeCode", message: str = "Some message.") -> Reply:
    """An error as ARM words it (docs/graph.md §9.3)."""
    ids = {"x-ms-request-id": "arm-1", "x-ms-correlation-request-id": "c-1"}
    return Reply(status, {"error": {"code": code, "message": message}}, ids)


def is_site(seen: Seen) -> bool:
    """Whether the request is for an app of the Standard plan."""
    return "/Microsoft.Web/sites/" in seen.target
