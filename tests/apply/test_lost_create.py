"""A lost create is searched for its whole time before anything is adopted: what shows first under
its name may be what another run has created.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from harness import MARKETING, Tenant, catalog, declare, extension, tenant
from objects import KINDS, explained
from tiers import sample

from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import GraphClient, open_client
from reconciler.model.plan import Outcome
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN


@asynccontextmanager
async def other_client(folder: Path, *switches: str) -> AsyncIterator[GraphClient]:
    """A client of another process, as far as Graph can tell, for the tenant of the folder."""
    async with (
        serve(folder / "tenant.sqlite3", switches=parse_switches(switches)) as url,
        open_client(url, LoopbackToken(DEFAULT_LOOPBACK_TOKEN), Limits(RetryPolicy(0))) as graph,
    ):
        yield graph


@dataclass
class TwoApplies:
    """Run A carries out the plan while run B waits at one of its requests; the answer to B's create
    is lost.
    """

    folder: Path
    lag: str
    a_runs_at: int
    requests: list[str] = field(default_factory=list)

    def outcomes(self) -> tuple[Outcome, Outcome, list[str]]:
        """Of A, of B, and the ids of what is live then."""
        return asyncio.run(self._story())

    async def _story(self) -> tuple[Outcome, Outcome, list[str]]:
        a_ended: list[Outcome] = []
        applying = False

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not applying:
                return await handler(request)
            self.requests.append(request.method)
            if len(self.requests) == self.a_runs_at:
                a_ended.extend(await apply_plan(plan, Run(other, KINDS, held.sleep)))
            answer = await handler(request)
            return web.Response(status=504) if request.method == "POST" else answer

        declare(self.folder / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        held: Tenant
        async with (
            tenant(self.folder, catalog(), switches=[self.lag], faults=[around]) as held,
            other_client(self.folder, self.lag) as other,
        ):
            plan = await held.plan(self.folder / "desired")
            applying = True
            (b_ended,) = await held.apply(plan)
            ids = [item["id"] for item in held.store.extensions(MARKETING)]
        return a_ended[0], b_ended, ids


LAGS = range(len(POLL_WAITS_S))
"""As many reads as a search has: a longer lag is longer than the search."""
MOMENTS = [2, 3]
"""B's create, and the first request of its search."""


@pytest.mark.parametrize(
    ("lag", "moment"),
    sample([(lag, moment) for lag in LAGS for moment in MOMENTS], lambda case: case == (3, 2)),
)
def test_of_two_applies_that_leave_two_objects_at_least_one_reports(
    lag: int, moment: int, tmp_path: Path
) -> None:
    story = TwoApplies(tmp_path, f"lag_reads={lag}", moment)
    a_ended, b_ended, ids = story.outcomes()
    assert story.requests.count("POST") == 1, story.requests
    reports = [explained(outcome) for outcome in (a_ended, b_ended) if outcome.status != "done"]
    assert len(ids) == 1 or any(all(live in text for live in ids) for text in reports), reports
    assert len(ids) == (1 if (lag, moment) == (0, 3) else 2)
    if (lag, moment) == (3, 2):
        assert b_ended.reason is not None and b_ended.reason.code == "others_found"


def lost(folder: Path, *switches: str) -> tuple[Outcome, list[float], list[str]]:
    """The outcome of a create that is applied and whose answer is lost; the waits before polls, and
    the writes.
    """
    writes: list[str] = []

    @web.middleware
    async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "GET":
            return answer
        writes.append(request.method)
        return web.Response(status=504)

    async def story() -> tuple[Outcome, list[float]]:
        declare(folder / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(folder, catalog(), switches=switches, faults=[around]) as held:
            plan = await held.plan(folder / "desired")
            held.waits.clear()
            (outcome,) = await held.apply(plan)
            return outcome, held.waits

    return *asyncio.run(story()), writes


@pytest.mark.parametrize("lag", [0, 3, 8])
def test_a_lost_create_that_shows_is_adopted_after_the_whole_search(
    lag: int, tmp_path: Path
) -> None:
    outcome, waits, writes = lost(tmp_path, f"lag_reads={lag}")
    assert (outcome.status, writes) == ("done", ["POST"]), explained(outcome)
    assert waits[: len(POLL_WAITS_S)] == [*POLL_WAITS_S]
    assert "was found in the catalog with id" in explained(outcome)
