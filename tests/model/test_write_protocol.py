"""The write protocol keeps its promises in every world that the model can reach, each safeguard is
needed for one of them, and docs/safety.md says the same as the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import pytest
from tiers import sample

from reconciler.app.kinds import sentences
from tests.docs.doc_pages import ROOT, section
from tests.model.exploration import Exploration, explore
from tests.model.promises import PROMISES, creates_one, keeps_edits
from tests.model.worlds import GONE, LAGS, OLD_TYPE, SAFEGUARDS, Left, Setting, World, start
from tests.model.write_protocol import REASONS, steps

BUILT_AT_THE_SAME_TIME = {"still_shown"}


class Scenario(NamedTuple):
    """What each run wants, what is live before, and what can go wrong."""

    wants: tuple[str, ...]
    left: Left
    old: str = ""
    next_wants: tuple[str, ...] = ()
    bodies: int = 1

    def explore(
        self, lag: str, promises: Mapping[str, Callable[[World], bool]] = PROMISES, **assumed: Any
    ) -> Exploration:
        """All worlds under this lag; with one promise alone, until it is broken."""
        setting = Setting(LAGS[lag], next_wants=self.next_wants, bodies=self.bodies)
        setting = setting._replace(**assumed)
        first = start(setting, self.left, self.wants, self.old)
        return explore(first, partial(steps, setting=setting), promises)


MISHAPS = Left(lost_answers=1, failed_reads=1, kills=1)
EDITED = Left(lost_answers=1, kills=1, edits=1)
TWO, TWO_UNLIKE = "two creates at once", "two creates that differ"
NEXT, DELETED = "a create, and the next run", "a delete, and the next run"
UPDATED, REVERTED = "an update, and the next run", "a replace that is reverted"
QUICK = {
    TWO: Scenario(("red", "red"), Left(lost_answers=1)),
    TWO_UNLIKE: Scenario(("red", "blue"), Left(lost_answers=1)),
    NEXT: Scenario(("red",), MISHAPS, next_wants=("red",)),
    UPDATED: Scenario(("red",), EDITED, "green", ("red",)),
    DELETED: Scenario((GONE,), EDITED, "green", (GONE,)),
    "a delete and an update at once": Scenario((GONE, "red"), Left(lost_answers=1), "green"),
    "a replace, and the next run": Scenario(("red",), MISHAPS, OLD_TYPE, ("red",)),
    REVERTED: Scenario(("red",), MISHAPS, OLD_TYPE, (OLD_TYPE,)),
    "a replace, and an edit": Scenario(("red",), Left(lost_answers=1, edits=1), OLD_TYPE),
}
DEEP = {
    "two creates with two lost answers": Scenario(("red",) * 2, Left(2, failed_reads=1)),
    "two replaces at once": Scenario(("red", "red"), Left(lost_answers=1), OLD_TYPE),
    "a create in two spellings": Scenario(("red",), MISHAPS, next_wants=("red",), bodies=2),
    "two creates, and the next run": Scenario(
        ("red", "red"), Left(lost_answers=1, kills=1), next_wants=("red",)
    ),
    "a create that is killed twice": Scenario(
        ("red",), Left(lost_answers=2, failed_reads=1, kills=2), next_wants=("red", "red")
    ),
}
"""They have so many worlds that only the thorough tier tries them."""
SCENARIOS = QUICK | DEEP
CREATES_ONCE, REPORTED, SEEN, OUTDATED, DONE, WRITTEN, DECLARED, LATER, PLANNED = PROMISES
ONE_VIEW = [lag for lag, how in LAGS.items() if how.views == 1]
TWO_VIEWS = [lag for lag, how in LAGS.items() if how.views == 2]
WORST = "each on its own"
"""The lag that allows most with one view."""


def in_words(broken: dict[str, str]) -> str:
    """The broken promises with their stories."""
    return "".join(f"\n{promise}: broken by\n{story}\n" for promise, story in broken.items())


@pytest.mark.parametrize("lag", sample(ONE_VIEW, WORST.__eq__))
@pytest.mark.parametrize("name", sample(SCENARIOS, QUICK.__contains__))
def test_every_promise_is_kept(name: str, lag: str) -> None:
    explored = SCENARIOS[name].explore(lag)
    assert not explored.broken, in_words(explored.broken)


@pytest.mark.parametrize("lag", TWO_VIEWS)
@pytest.mark.parametrize("name", sample(QUICK, {TWO, NEXT}.__contains__))
def test_reads_that_disagree_break_few_promises(name: str, lag: str) -> None:
    scenario = SCENARIOS[name]
    excused = {REPORTED, CREATES_ONCE, DONE} if scenario.next_wants else {REPORTED}
    if LAGS[lag].in_order and not scenario.next_wants:
        excused = set()
    broken = scenario.explore(lag).broken
    assert broken.keys() <= excused, in_words(broken)


WITHOUT = [
    ("the journal is read back", NEXT, "in order", CREATES_ONCE),
    ("what stays open blocks its name", NEXT, "in order", CREATES_ONCE),
    ("the journal deletes nothing", DELETED, "at once", PLANNED),
    ("the journal deletes nothing", REVERTED, "at once", DECLARED),
    ("the journal knows of a write before Graph", NEXT, "in order", CREATES_ONCE),
    ("accepted is not settled", NEXT, "in order", CREATES_ONCE),
    ("unknown is not settled", NEXT, "in order", CREATES_ONCE),
    ("duplicates block their name", "two creates, and the next run", "at once", REPORTED),
    ("a check before the write", TWO, "at once", OUTDATED),
    ("a check before the write", UPDATED, "at once", OUTDATED),
    ("a check before the write", DELETED, "at once", OUTDATED),
    ("a check after every wait", TWO, "at once", OUTDATED),
    ("a check after every wait", DELETED, "at once", OUTDATED),
    ("unreadable is not absent", "two creates with two lost answers", "at once", OUTDATED),
    ("unclear is not refused", TWO, "at once", WRITTEN),
    ("done only after a read-back", "a create in two spellings", "at once", DONE),
    ("a second create after the whole search", NEXT, "in order", CREATES_ONCE),
    ("an adoption after the whole search", TWO, "each on its own", REPORTED),
    ("only what is as sent is adopted", TWO_UNLIKE, "at once", WRITTEN),
    ("of several candidates none is adopted", TWO, "two views, each on its own", SEEN),
    ("a read-back looks for others of the name", TWO, "at once", REPORTED),
    ("the old one waits for the new one", "a replace, and an edit", "at once", LATER),
]
"""A safeguard, where it matters, and the promise that is broken without it."""


@pytest.mark.parametrize(("safeguard", "name", "lag", "promise"), WITHOUT)
def test_without_this_safeguard_a_promise_is_broken(
    safeguard: str, name: str, lag: str, promise: str
) -> None:
    needed = {promise: PROMISES[promise]}
    assert SCENARIOS[name].explore(lag, needed, off=frozenset([safeguard])).broken


def test_every_safeguard_is_needed_and_every_promise_needs_one() -> None:
    assert {safeguard for safeguard, *_ in WITHOUT} == SAFEGUARDS
    assert {promise for *_, promise in WITHOUT} == {*PROMISES}


LIMITS: dict[str, tuple[str, str, Callable[[World], bool], dict[str, Any]]] = {
    "Two runs at once": (TWO, "at once", creates_one, {}),
    "Reads that disagree": (TWO, "two views, each on its own", PROMISES[REPORTED], {}),
    "A delay of more than a minute": (NEXT, "in order", PROMISES[CREATES_ONCE], {"bounded": False}),
    "A next run without the journal": (
        NEXT,
        "in order",
        PROMISES[CREATES_ONCE],
        {"off": frozenset(["the journal is read back"])},
    ),
    "An edit at the last moment": (UPDATED, "at once", keeps_edits, {}),
}
"""What cannot be promised: where it happens, and the promise that one might expect."""


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_real(limit: str) -> None:
    name, lag, expected, assumed = LIMITS[limit]
    assert SCENARIOS[name].explore(lag, {limit: expected}, **assumed).broken


def test_the_page_for_operators_states_each_promise_and_each_limit() -> None:
    text = section(ROOT / "docs/safety.md", "Guarantees and limits")
    assert re.findall(r"^\* \*\*(.+?)\.\*\*", text, re.MULTILINE) == [*PROMISES, *LIMITS]


def test_the_reasons_of_the_model_are_those_of_the_product() -> None:
    assert {*sentences()} | BUILT_AT_THE_SAME_TIME >= REASONS


def test_the_shortest_story_is_told_step_by_step() -> None:
    """Two runs, one lost answer: what shows first is adopted, and nobody sees the second one."""
    off = frozenset(["an adoption after the whole search"])
    explored = SCENARIOS[TWO].explore("each on its own", {REPORTED: PROMISES[REPORTED]}, off=off)
    assert explored.broken[REPORTED].splitlines() == [
        "A finds nothing to settle",
        "A plans to create",
        "A checks, sees nothing",
        "A records POST",
        "A sends POST: applied",
        "A waits for what shows",
        "B finds nothing to settle",
        "B plans to create",
        "B checks, sees nothing",
        "B records POST",
        "B sends POST: applied, no answer",
        "B waits for what shows",
        "    A-0 shows as red",
        "A reports done",
        "B has searched, adopts A-0",
        "B reports done",
    ]
