"""Two applies at once, of which at least one deletes or replaces: in whatever order Graph hears
their requests, both reports are true, and no object is lost or doubled in silence.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pytest
from harness import (
    ASSIGNMENT,
    MARKETING,
    Json,
    catalog,
    declare,
    extension,
    tenant,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from objects import explained
from tiers import examples
from turns import Turns

from reconciler.model.plan import Change, Outcome
from reconciler.sandbox.switches import parse_switches

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
class Race:
    """Two applies of plans made from the same state."""

    pair: tuple[str, str]
    order: Sequence[int]
    switches: Sequence[str] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    after: list[Json] = field(default_factory=list)
    planned: list[Change] = field(default_factory=list)
    heard: list[tuple[int, str, int, str]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    async def run(self, folder: Path) -> "Race":
        """The race, and the next plan for each of the two states."""
        folders = [folder / name for name in ("first", "second")]
        for declared, name in zip(folders, self.pair, strict=True):
            declare(declared, {"catalog": "Marketing", "extensions": [DECLARED[name]]})
        async with tenant(folder, catalog(extensions=[LIVE]), switches=self.switches) as held:
            plans = [await held.plan(declared) for declared in folders]
            turns = Turns([*self.order])
            switches = parse_switches(self.switches)
            applies = (
                turns.apply(run, plan, held, folder, switches) for run, plan in enumerate(plans)
            )
            self.outcomes = [*chain(*await asyncio.gather(*applies))]
            held.store.end_lag()
            self.after, self.heard = held.store.extensions(), turns.heard
            self.written = [turns.written(0), turns.written(1)]
            for declared in folders:
                self.planned += (await held.plan(declared)).changes
        return self


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
        (run, method) for run, method, status, _ in race.heard if method == "GET" or status < 300
    ]
    for run in (0, 1):
        if (run, "DELETE") not in methods or (1 - run, "PUT") not in methods:
            continue
        delete, put = methods.index((run, "DELETE")), methods.index((1 - run, "PUT"))
        checked = max(place for place in range(delete) if methods[place] == (run, "GET"))
        assert not put < checked, race.heard
