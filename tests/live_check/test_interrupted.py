"""What a live check keeps of requests that are in flight when it is interrupted, and what it
concludes from reads that lag or fail.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from checks import NAME, TARGET, checked, opened, own_names
from harness import tenant

from reconciler.live_check import bodies, requests
from reconciler.live_check.check import Run, Stop, check, removed, trial_of
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.journal import open_journal
from reconciler.model.live_facts import Left
from reconciler.sandbox.errors import GraphError


@pytest.mark.parametrize("at_write", [1, 2, 6, pytest.param(25, marks=pytest.mark.thorough)])
def test_a_create_in_flight_is_finished_and_recorded(at_write: int, tmp_path: Path) -> None:
    journal, stop, created = tmp_path / "live-check.jsonl", Stop(), Counter[str]()

    @web.middleware
    async def interrupt(request: web.Request, handler: Handler) -> web.StreamResponse:
        created["writes"] += request.method != "GET"
        if request.method != "GET" and created["writes"] == at_write:
            stop.request()
            for _ in range(5):
                await asyncio.sleep(0)
        answer = await handler(request)
        created["created"] += answer.status == 201
        return answer

    async def run() -> Run:
        async with (
            tenant(tmp_path, faults=[interrupt]) as held,
            opened(held, journal) as trial,
        ):
            run = Run(trial, stop)
            await check(run)
            assert own_names(held.store) == []
            return run

    done = asyncio.run(run())
    events = Counter(json.loads(line)["event"] for line in journal.read_text().splitlines())
    assert events["created"] == created["created"] > 0
    assert (done.left, done.error) == ((), None)
    assert done.results[-1].not_tried == "the run was interrupted before"


def test_a_list_that_lags_is_polled(tmp_path: Path) -> None:
    lists: Counter[str] = Counter()

    @web.middleware
    async def lag(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "GET" and request.path.endswith(("Policies", "accessPackages")):
            lists[request.path] += 1
            if lists[request.path] <= 2:
                return web.json_response({"value": []})
        return answer

    done = asyncio.run(checked(tmp_path, faults=[lag]))
    assert (done.values["policies_listed"], done.values["packages_listed"]) == ("complete",) * 2
    assert len(lists) == 2


def past_run(journal: Path) -> None:
    """A run that was killed after its first create had left."""
    with open_journal(journal) as kept:
        kept.begin(NAME, TARGET)
        kept.creating(NAME, "catalog", NAME)


@pytest.mark.parametrize("status", [None, 403, 500])
def test_a_catalog_is_absent_only_if_a_search_was_answered(
    status: int | None, tmp_path: Path
) -> None:
    journal = tmp_path / "live-check.jsonl"
    past_run(journal)

    @web.middleware
    async def failing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if status is not None and request.path.endswith("/catalogs"):
            raise GraphError(status, "Injected", "The test refuses this.")
        return await handler(request)

    async def clean() -> tuple[Left, ...]:
        async with tenant(tmp_path, faults=[failing]) as held:
            with open_journal(journal) as kept:
                trial = trial_of(held.graph, kept, kept.runs[NAME])
                with held.graph.writes_guarded(OwnObjects(trial.owned)):
                    return (await removed(trial, Stop(), of_earlier_run=True)).left

    left = asyncio.run(clean())
    with open_journal(journal) as kept:
        assert kept.runs[NAME].has_left == (status is not None)
    assert [(each.kind, each.name, each.id) for each in left] == (
        [("catalog", NAME, None)] if status is not None else []
    )


def test_what_holds_an_object_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    """Graph might remove with an access package what is in it."""

    async def left() -> tuple[tuple[Left, ...], list[str]]:
        async with tenant(tmp_path) as held, opened(held, tmp_path / "live-check.jsonl") as trial:
            trial.catalog, _ = await trial.create("catalog", bodies.catalog(NAME))
            package = await trial.new_package("shared")
            foreign = requests.create(
                held.graph, "policy", bodies.policy("by somebody", package.id)
            )
            assert (await trial.exchanges.send(foreign)).accepted
            removal = await removed(trial, Stop())
            policies = [row.document["displayName"] for row in held.store.rows("policy")]
        return removal.left, policies

    lefts, policies = asyncio.run(left())
    why = "not removed: it contains objects that no live check has created"
    assert [(each.kind, each.reason) for each in lefts] == [
        ("access_package", why),
        ("catalog", why),
    ]
    assert policies == ["by somebody"]
