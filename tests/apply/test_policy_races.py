"""Two applies at once that change one policy: in whatever order Graph hears their requests, a stage
of a run that reports done is only lost in the window that docs/safety.md describes.
"""

import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bindings import (
    APPROVED,
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    POLICY,
    SETTINGS,
    binding,
    calls,
    document,
    employees,
    marketing,
    rest,
    stored,
)
from harness import Json, declare, tenant
from hypothesis import example, given, settings
from hypothesis import strategies as st
from objects import explained
from tiers import examples
from turns import Turns

from reconciler.model.plan import Change, Outcome
from reconciler.sandbox.switches import parse_switches

DECLARED = {
    "bind": {CREATED: "notify"},
    "bind another": {CREATED: "audit"},
    "bind elsewhere": {APPROVED: "notify"},
    "unbind": {GRANTED: None},
    "bind both": {CREATED: "notify", APPROVED: "audit"},
}
PAIRS = [
    ("bind", "bind"),
    ("bind", "bind another"),
    ("bind", "bind elsewhere"),
    ("bind", "unbind"),
    ("unbind", "bind both"),
]
IDS = {"notify": NOTIFY, "audit": AUDIT, None: None}
READS: list[tuple[str, ...]] = [(), ("lag_reads=2",), ("lag_reads=1", "views=2")]
"""How reads follow writes, as switches of the sandbox."""
CHECK, PUT = "GET", "PUT"
Orders = st.lists(st.sampled_from([0, 1]), max_size=12)


@dataclass
class Race:
    """Two applies of plans that were made from the same policy."""

    pair: tuple[str, str]
    order: Sequence[int]
    switches: Sequence[str] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    before: Json = field(default_factory=dict)
    after: Json = field(default_factory=dict)
    heard: list[tuple[int, str, list[str]]] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    planned: list[list[Change]] = field(default_factory=list)

    async def run(self, folder: Path) -> "Race":
        """The race, and the next plan for each of the two states."""
        folders = [folder / name for name in ("first", "second")]
        for declared, name in zip(folders, self.pair, strict=True):
            declare(declared, document(policies=[binding(DECLARED[name])]))
        policies, turns = [employees()], Turns([*self.order])
        async with tenant(folder, marketing(), policies=policies, switches=self.switches) as held:
            self.before = stored(held.store)
            plans = [await held.plan_whole(declared) for declared in folders]
            switches = parse_switches(self.switches)
            applies = (
                turns.apply(run, plan, held, folder, switches) for run, plan in enumerate(plans)
            )
            for [outcome] in await asyncio.gather(*applies):
                self.outcomes.append(outcome)
            held.store.end_lag()
            self.after = stored(held.store)
            self.written = [turns.written(0), turns.written(1)]
            self.heard = [
                (run, method, stages_in(text))
                for (run, method, _, path), text in zip(turns.heard, turns.answers, strict=True)
                if path.endswith(f"/assignmentPolicies/{POLICY}")
            ]
            for declared in folders:
                self.planned.append([*(await held.plan_whole(declared)).changes])
        return self

    def is_live(self, run: int) -> bool:
        """True if the policy calls in the end what the run has declared."""
        live = dict(calls(self.after))
        declared = DECLARED[self.pair[run]]
        return all(live.get(stage) == IDS[name] for stage, name in declared.items())

    def is_in_window(self, run: int) -> bool:
        """True if the other run has sent its PUT, after this one's, because its pre-check did not
        show this one's: it was read before, or reads lagged.
        """
        places = {number: self._places(number, PUT) for number in (0, 1)}
        if not places[run] or not places[1 - run] or places[run][-1] > places[1 - run][-1]:
            return False
        checks = [place for place in self._places(1 - run, CHECK) if place < places[1 - run][-1]]
        return self.heard[checks[-1]][2] == sorted(stage for stage, _ in calls(self.before))

    def _places(self, run: int, method: str) -> list[int]:
        return [place for place, each in enumerate(self.heard) if each[:2] == (run, method)]


def stages_in(text: str) -> list[str]:
    """The stages at which the policy in an answer calls something."""
    answer = json.loads(text) if text else {}
    return sorted(each["stage"] for each in answer.get(SETTINGS, ()))


def raced(pair: tuple[str, str], order: Sequence[int], switches: Sequence[str] = ()) -> Race:
    """The race in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(Race(pair, order, switches).run(Path(folder)))


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
@settings(max_examples=examples(20))
@given(Orders, st.sampled_from(READS))
@example([0, 1, 0, 1, 0, 1, 0, 1], ())
@example([0, 0, 0, 1, 1, 1, 0, 1], ())
@example([0, 0, 1, 1, 0, 0, 1, 1], ())
@example([0, 0, 1, 1, 1, 0, 0, 1], ())
def test_a_stage_of_a_done_run_is_lost_in_the_window_only(
    pair: tuple[str, str], order: list[int], switches: tuple[str, ...]
) -> None:
    race = raced(pair, order, switches)
    said = [(each.status, explained(each)) for each in race.outcomes], race.heard
    assert rest(race.after) == rest(race.before), said
    for run, outcome in enumerate(race.outcomes):
        assert is_true(race, run), (run, said, calls(race.after))
        if outcome.status == "done" and not race.is_live(run):
            assert race.is_in_window(run), (run, said, calls(race.after))
        assert bool(race.planned[run]) is not race.is_live(run), "the next plan shows a lost stage"


def is_true(race: Race, run: int) -> bool:
    """True if the run has written what its outcome says."""
    outcome = race.outcomes[run]
    if outcome.status == "done":
        return race.written[run] == 1
    if outcome.status == "unknown":
        return bool(explained(outcome)) and outcome.change.object.id == POLICY
    return bool(explained(outcome)) and bool(race.written[run]) is outcome.written


def test_what_the_first_run_has_written_is_seen_by_the_pre_check_of_the_second() -> None:
    race = raced(("bind", "bind elsewhere"), [0, 0, 0, 1, 1, 0])
    second = race.outcomes[1]
    assert race.outcomes[0].status == "done"
    assert second.reason is not None
    assert (second.status, second.reason.code) == ("failed", "changed_since")
    assert calls(race.after) == [(CREATED, NOTIFY), (GRANTED, AUDIT)]
    assert race.written == [1, 0]


def test_in_the_window_the_later_put_wins_and_the_earlier_run_reads_it_back() -> None:
    """Both pre-checks, then both PUTs: the first run reads back that its stage is gone."""
    race = raced(("bind", "bind elsewhere"), [0, 0, 1, 1, 0, 1, 0, 1])
    first, second = race.outcomes
    assert first.reason is not None
    assert (first.status, first.reason.code) == ("unknown", "old_values_shown")
    assert second.status == "done"
    assert race.is_live(1)
    assert not race.is_live(0)


def test_the_documented_window_both_done_and_one_stage_lost() -> None:
    """The one case without a report: the first run has read back before the second PUT arrives."""
    race = raced(("bind", "bind elsewhere"), [0, 0, 1, 1, 0, 0, 1, 1])
    assert [each.status for each in race.outcomes] == ["done", "done"]
    assert [race.is_live(0), race.is_live(1)] == [False, True]
    assert race.is_in_window(0)
    assert race.planned[0], "the next plan of the first run shows it"
