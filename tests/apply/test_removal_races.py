"""Two applies at once, of which at least one deletes or replaces: in whatever order Graph hears
their requests, both reports are true, and no object is lost or doubled in silence.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from harness import (
    ASSIGNMENT,
    MARKETING,
    Json,
    Tenant,
    catalog,
    declare,
    extension,
    tenant,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from objects import KINDS, explained
from tiers import examples

from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import open_client
from reconciler.model.plan import Change, Outcome, Plan
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import parse_switches
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN

OLD = MARKETING[:-1] + "0"
LIVE = {"id": OLD, **extension("a", description="live")}
DECLARED = {
    "delete": {"displayName": "a", "ensure": "absent"},
    "replace": extension("a", ASSIGNMENT),
    "update": extension("a", description="new"),
}
PAIRS = [
    ("delete", "delete"),
    ("replace", "replace"),
    ("delete", "replace"),
    ("delete", "update"),
    ("replace", "update"),
]
READS: list[tuple[str, ...]] = [(), ("lag_reads=2",), ("lag_reads=1", "views=2")]
"""How reads follow writes, as switches of the sandbox."""


@dataclass
class Turns:
    """Whose request Graph hears next; in any order once the list is used up, or a run has ended."""

    order: list[int]
    ended: set[int] = field(default_factory=set)
    heard: list[tuple[int, str, int]] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def fault(self, run: int) -> Any:
        """The middleware of a run's own server: it answers when it is the run's turn, and notes
        run, method and status.
        """

        @web.middleware
        async def in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
            async with self.changed:
                await self.changed.wait_for(lambda: self._next() in (run, None))
                status = 404
                try:
                    answer = await handler(request)
                    status = answer.status
                    return answer
                finally:
                    self.heard.append((run, request.method, status))
                    self.order[:1] = []
                    self.changed.notify_all()

        return in_turn

    async def end(self, run: int) -> None:
        async with self.changed:
            self.ended.add(run)
            self.changed.notify_all()

    def _next(self) -> int | None:
        return next((run for run in self.order if run not in self.ended), None)

    def written(self, run: int) -> int:
        """How many writes of the run were applied."""
        return sum(
            number == run and method != "GET" and status < 300
            for number, method, status in self.heard
        )


@dataclass
class Race:
    """Two applies of plans made from the same state."""

    pair: tuple[str, str]
    order: Sequence[int]
    switches: Sequence[str] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    after: list[Json] = field(default_factory=list)
    planned: list[Change] = field(default_factory=list)
    heard: list[tuple[int, str, int]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    async def run(self, folder: Path) -> "Race":
        """The race, and the next plan for each of the two states."""
        folders = [folder / name for name in ("first", "second")]
        for declared, name in zip(folders, self.pair, strict=True):
            declare(declared, {"catalog": "Marketing", "extensions": [DECLARED[name]]})
        async with tenant(folder, catalog(extensions=[LIVE]), switches=self.switches) as held:
            plans = [await held.plan(declared) for declared in folders]
            turns = Turns([*self.order])
            applies = (
                self._apply(run, plan, held, turns, folder) for run, plan in enumerate(plans)
            )
            self.outcomes = [*await asyncio.gather(*applies)]
            held.store.end_lag()
            self.after, self.heard = held.store.extensions(), turns.heard
            self.written = [turns.written(0), turns.written(1)]
            for declared in folders:
                self.planned += (await held.plan(declared)).changes
        return self

    async def _apply(
        self, run: int, plan: Plan, held: Tenant, turns: Turns, folder: Path
    ) -> Outcome:
        """The outcome of one run, through a server of its own on the same database."""
        database, switches = folder / "tenant.sqlite3", parse_switches(self.switches)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(
                serve(database, switches=switches, faults=[turns.fault(run)])
            )
            graph = await stack.enter_async_context(
                open_client(url, LoopbackToken(DEFAULT_LOOPBACK_TOKEN), held.graph.limits)
            )
            (outcome,) = await apply_plan(plan, Run(graph, KINDS, held.sleep))
            await turns.end(run)
            return outcome


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
@settings(max_examples=examples(20))
@given(st.lists(st.sampled_from([0, 1]), max_size=14), st.sampled_from(READS))
@example([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], ())
@example([0, 1, 1, 1, 1, 1, 1, 1], ())
@example([0, 1, 0, 0, 0, 0, 0, 1, 1, 1], ())
def test_two_applies_report_what_they_did(
    pair: tuple[str, str], order: list[int], switches: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        race = asyncio.run(Race(pair, order, switches).run(Path(folder)))
    said = [(each.status, explained(each)) for each in race.outcomes]
    for number, outcome in enumerate(race.outcomes):
        assert is_true(outcome, race, number), (number, said, race.after, race.heard)
    assert race.after or "delete" in pair, "what is replaced is never gone"
    twins = [each["id"] for each in race.after if each["@odata.type"] == ASSIGNMENT]
    if len(twins) > 1 and not switches:
        assert any(all(twin in words for twin in twins) for _, words in said), said
    for change in race.planned:
        assert is_shown(change, race.after), (change, race.after)
    if not switches:
        assert_pre_checked(race)


def is_true(outcome: Outcome, race: Race, number: int) -> bool:
    """True if what is live, or what the run wrote, is as its outcome says."""
    live = {each["id"]: each for each in race.after}
    removing, words = outcome.change.action in ("delete", "replace"), explained(outcome)
    if outcome.status == "unknown":
        return OLD in words or str(outcome.change.object.id) in words
    if outcome.status != "done":
        return bool(words) and outcome.written == bool(race.written[number])
    if removing:
        return OLD not in live and (
            outcome.change.action == "delete" or outcome.change.object.id in live
        )
    other = race.outcomes[1 - number]
    return live[OLD]["description"] == "new" if OLD in live else other.status == "done"


def is_shown(change: Change, after: Sequence[Json]) -> bool:
    """True if a blocked change of the next plan names every live object."""
    named = [str(value) for value in change.reason.parameters.values()]
    return change.action != "blocked" or all(
        any(each["id"] in text for text in named) for each in after
    )


def assert_pre_checked(race: Race) -> None:
    """What the other run had changed before the last pre-check was not deleted."""
    methods = [
        (run, method) for run, method, status in race.heard if method == "GET" or status < 300
    ]
    for run in (0, 1):
        if (run, "DELETE") not in methods or (1 - run, "PUT") not in methods:
            continue
        delete, put = methods.index((run, "DELETE")), methods.index((1 - run, "PUT"))
        checked = max(place for place in range(delete) if methods[place] == (run, "GET"))
        assert not put < checked, race.heard
