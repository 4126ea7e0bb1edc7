"""Writes while Graph takes few requests in a time, or a token is renewed: each is looked at again,
and goes out.
"""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clock import LIMIT_S
from harness import MARKETING, Running, Tenant, catalog, declare, extension, write_seed
from objects import KINDS

from reconciler.apply.journal import Record, ignored
from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import open_client
from reconciler.model.plan import Outcome
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN

OTHER = MARKETING[:-1] + "1"


class Story:
    """Some catalogs with creates declared in each, applied to a Graph that takes so many requests
    in ten seconds.
    """

    def __init__(self, folder: Path, catalogs: int, creates: int, takes: int) -> None:
        self.folder, self.catalogs, self.creates, self.takes = folder, catalogs, creates, takes
        self.clock = Running()
        self.sent: Counter[str] = Counter()
        self.refused = 0
        self.tokens = LoopbackToken(DEFAULT_LOOPBACK_TOKEN)
        self.record: Record = ignored
        self.applying = False

    def run(self) -> list[Outcome]:
        """What became of every change."""
        return asyncio.run(asyncio.wait_for(self._tell(), LIMIT_S))

    async def _tell(self) -> list[Outcome]:
        names = [f"Catalog {number}" for number in range(self.catalogs)]
        wanted = [extension(f"x{number}") for number in range(self.creates)]
        declare(
            self.folder / "desired", *({"catalog": name, "extensions": wanted} for name in names)
        )
        live = [catalog(name, f"{MARKETING[:-2]}{number:02}") for number, name in enumerate(names)]
        database = self.folder / "tenant.sqlite3"
        reset(database, seed=write_seed(self.folder / "seed.json", *live))
        retry = RetryPolicy(
            5, sleep=self.clock.sleep, elapsed_s=lambda: self.clock.now_s, chance=lambda: 1.0
        )
        async with serve(database, faults=[self._limit()]) as url:
            client = open_client(url, self.tokens, Limits(retry, 10, 8))
            with Store(database) as self.store:
                async with client as graph:
                    plan = await Tenant(graph, self.store, []).plan(self.folder / "desired")
                    self.applying = True
                    outcomes = await apply_plan(
                        plan, Run(graph, KINDS, self.clock.sleep, record=self.record)
                    )
                self.live = [one["displayName"] for one in self.store.extensions()]
                return list(outcomes)

    def _limit(self) -> Any:
        taken: list[float] = []

        @web.middleware
        async def limit(request: web.Request, handler: Any) -> web.StreamResponse:
            now_s = self.clock.now_s
            if self.applying:
                if sum(moment_s > now_s - 10 for moment_s in taken) >= self.takes:
                    self.refused += 1
                    body = {"error": {"code": "TooManyRequests", "message": "wait"}}
                    return web.json_response(body, status=429, headers={"Retry-After": "10"})
                taken.append(now_s)
                self.sent[request.method] += 1
            return await handler(request)

        return limit


@pytest.mark.parametrize(
    ("catalogs", "creates", "takes"), [(8, 1, 8), (16, 1, 12), (12, 2, 8), (8, 1, 20), (1, 3, 6)]
)
def test_every_write_goes_out_though_few_requests_are_taken(
    tmp_path: Path, catalogs: int, creates: int, takes: int
) -> None:
    story = Story(tmp_path, catalogs, creates, takes)
    outcomes = story.run()
    assert [one.status for one in outcomes] == ["done"] * (catalogs * creates)
    assert story.sent["POST"] == catalogs * creates
    # A pre-check before each write, one more after a wait, and a read-back; some of them refused
    # and retried.
    assert story.sent["GET"] <= 4 * catalogs * creates
    ideal_s = 10 * (story.sent.total() / takes)
    assert story.clock.now_s <= ideal_s + 60


def test_a_token_that_is_renewed_between_two_creates_costs_no_duplicate(tmp_path: Path) -> None:
    """Someone creates the second name while the token is renewed, after the read-back of
    the first.
    """
    story = Story(tmp_path, 1, 2, 1_000)

    class Renewed(LoopbackToken):
        async def token(self) -> str:
            if story.sent["POST"] == 1 and story.sent["GET"] == 2:
                story.sent["renewals"] += 1
                if story.sent["renewals"] == 1:
                    story.clock.now_s += 5
                    story.store.add(
                        "extension", {"id": OTHER, **extension("x1")}, f"{MARKETING[:-2]}00"
                    )
            return await super().token()

    story.tokens = Renewed(DEFAULT_LOOPBACK_TOKEN)
    first, second = story.run()
    assert first.status == "done"
    assert second.status == "failed"
    assert second.stale
    assert sorted(story.live) == ["x0", "x1"]
    assert story.sent["POST"] == 1


def test_a_look_that_has_grown_old_before_the_next_create_is_made_again(tmp_path: Path) -> None:
    """The disk that takes the record of the first outcome is slow."""
    story = Story(tmp_path, 1, 2, 1_000)
    reads: list[int] = []

    def slowly(event: str, **_facts: Any) -> None:
        if event == "outcome":
            reads.append(story.sent["GET"])
            story.clock.now_s += 5

    story.record = slowly
    assert [one.status for one in story.run()] == ["done", "done"]
    assert reads == [2, 4]
