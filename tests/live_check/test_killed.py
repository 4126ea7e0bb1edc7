"""A live check that ends at any write without a clean-up: `--clean` finds everything of it in the
journal, and touches nothing else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from checks import FOREIGN, FOREIGN_ID, NAME, TARGET, opened, own_names
from harness import Tenant, catalog, tenant

from reconciler.live_check.check import Run, Stop, check, removed, trial_of
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.journal import open_journal
from reconciler.model.live_facts import Left
from reconciler.sandbox.errors import GraphError

Stage = Literal["before", "after"]
PARTS = 6


@dataclass
class Death:
    """The moment from which no request reaches Graph: before or after it applies a write."""

    at_write: int = -1
    stage: Stage = "before"
    writes: int = 0
    died: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def dead(self) -> bool:
        """True from that moment on."""
        return self.died.is_set()

    def arm(self, at_write: int, stage: Stage) -> None:
        """The next run dies at that write."""
        self.at_write, self.stage, self.writes = at_write, stage, 0
        self.died.clear()

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer, while the run lives."""
        self.writes += request.method != "GET" and not self.dead
        last = not self.dead and self.writes == self.at_write
        if not (last or self.dead):
            return await handler(request)
        self.died.set()
        with suppress(GraphError):
            if last and self.stage == "after":
                await handler(request)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


async def cleaned(held: Tenant, journal: Path) -> list[Left]:
    """What is left after the journal was cleaned."""
    left: list[Left] = []
    with open_journal(journal) as kept:
        for past in [past for past in kept.runs.values() if past.has_left]:
            assert past.target == TARGET
            trial = trial_of(held.graph, kept, past)
            with held.graph.writes_guarded(OwnObjects(trial.owned)):
                removal = await removed(trial, Stop(), of_earlier_run=True)
            left += removal.left
            assert removal.error is None
    return left


async def _until_dead(run: Run, death: Death) -> None:
    """The run, which does nothing more from the moment of its death: no clean-up, nothing to
    record.
    """
    task, died = asyncio.ensure_future(check(run)), asyncio.ensure_future(death.died.wait())
    await asyncio.wait({task, died}, return_when=asyncio.FIRST_COMPLETED)
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    died.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def killed(folder: Path, moments: list[int] | range, *switches: str) -> int:
    """Kills a run at each of these writes, cleans, and compares; the writes of a whole run."""
    death, journal = Death(), folder / "live-check.jsonl"
    before = [catalog(), catalog(FOREIGN, FOREIGN_ID)]
    async with tenant(folder, *before, switches=switches, faults=[death.meet]) as held:
        async with opened(held, journal, name=f"{NAME[:-4]}0000") as trial:
            await check(Run(trial))
        total = death.writes
        untouched = held.store.catalogs()
        for at_write in [moment for moment in moments if moment <= total]:
            stage: Stage = "after" if at_write % 2 else "before"
            death.arm(at_write, stage)
            async with opened(held, journal, name=f"{NAME[:-4]}{at_write:04x}") as trial:
                await _until_dead(Run(trial), death)
            where = f"write {at_write} ({stage})"
            assert death.dead, where
            death.arm(-1, "before")
            assert await cleaned(held, journal) == [], where
            held.store.end_lag()
            assert own_names(held.store, NAME[:-4]) == [], where
            assert held.store.catalogs() == untouched, where
            with open_journal(journal) as kept:
                assert not any(past.has_left for past in kept.runs.values()), where
    return total


def test_a_killed_run_is_cleaned(tmp_path: Path) -> None:
    """At the first catalog, before and after; at an extension; at a catalog of its own; at the
    end.
    """
    total = asyncio.run(killed(tmp_path, [1, 2, 20, 33, 75]))
    assert 60 < total < 100


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_any_write_is_cleaned(part: int, tmp_path: Path) -> None:
    total = asyncio.run(killed(tmp_path, range(part + 1, 100, PARTS)))
    assert 60 < total < 100


@pytest.mark.thorough
@pytest.mark.parametrize(
    "switches", [("lag_reads=2",), ("delete_catalog_with_extensions=accept", "page_size=1")]
)
def test_a_run_killed_under_other_behaviours_is_cleaned(
    switches: tuple[str, ...], tmp_path: Path
) -> None:
    asyncio.run(killed(tmp_path, range(1, 100, 9), *switches))
