"""The update of a policy keeps its promises in every world that the model can reach, each safeguard
is needed for one of them, edits are lost in one window only, and docs/safety.md says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import pytest
from tiers import sample

from reconciler.app.kinds import sentences
from tests.docs.doc_pages import ROOT, section
from tests.model.exploration import Exploration, explore
from tests.model.policy_promises import (
    PROMISES,
    loses_edits_only_in_the_window,
    loses_no_edit,
    loses_no_edit_once_done,
)
from tests.model.policy_update import steps
from tests.model.policy_worlds import PLANNED, SAFEGUARDS, Event, Setting, World

EARLIER, LATER, EXACT, RETRY, WRITTEN = PROMISES
WINDOW = {"Only the window loses edits": loses_edits_only_in_the_window}
AT_ONCE, LAGGING = Setting(), Setting(lags=True)
MISHAPS = World(edits=2, lost_answers=1)


def explored(
    promises: Mapping[str, Callable[[World], bool]], first: World, setting: Setting = AT_ONCE
) -> Exploration:
    """All worlds that follow, or those before the promises are broken."""
    return explore(first, partial(steps, setting=setting), promises)


def shortest_story(
    promise: Callable[[World], bool], first: World, setting: Setting = AT_ONCE
) -> list[str]:
    """What happens until the promise is broken; fails if it never is."""
    return explored({"": promise}, first, setting).broken[""].splitlines()


@pytest.mark.parametrize("lags", [False, True])
@pytest.mark.parametrize("lost_answers", sample([1, 2], (1).__eq__))
def test_promises_are_kept_and_only_the_window_loses_edits(lost_answers: int, lags: bool) -> None:
    first = MISHAPS._replace(lost_answers=lost_answers)
    result = explored({**PROMISES, **WINDOW}, first, Setting(lags))
    assert not result.broken, result.broken


WITHOUT = [
    ("the fingerprint is compared before the PUT", EARLIER),
    ("the body is built from that read", EARLIER),
    ("a repeat needs a read that shows the plan's policy", RETRY),
    ("an earlier PUT makes a refusal unclear", WRITTEN),
    ("done only after a read-back", EXACT),
    ("everything is compared after the PUT", LATER),
    ("everything is compared after the PUT", EXACT),
]
"""A safeguard, and the promise that is broken without it."""
AGAINST_A_WIDER_WINDOW = [
    "the fingerprint is compared before the PUT",
    "the body is built from that read",
    "a repeat needs a read that shows the plan's policy",
]


@pytest.mark.parametrize(("safeguard", "promise"), WITHOUT)
def test_without_this_safeguard_a_promise_is_broken(safeguard: str, promise: str) -> None:
    setting = Setting(off=frozenset([safeguard]))
    assert shortest_story(PROMISES[promise], MISHAPS, setting)


@pytest.mark.parametrize("safeguard", AGAINST_A_WIDER_WINDOW)
def test_without_this_safeguard_the_window_is_wider(safeguard: str) -> None:
    setting = Setting(off=frozenset([safeguard]))
    assert shortest_story(loses_edits_only_in_the_window, MISHAPS, setting)


def test_every_safeguard_is_needed_and_every_promise_needs_one() -> None:
    assert {safeguard for safeguard, _ in WITHOUT} == SAFEGUARDS
    assert {promise for _, promise in WITHOUT} == {*PROMISES}


PLAN = f"reads {PLANNED}"
DONE = f"reads {PLANNED.with_our_stage}: reports done"
EDITED = Event(PLANNED._replace(others="edited"))
NOT_SHOWN_YET = World(log=(Event(PLANNED), EDITED), shown=1)
DURING, LATE, HIDDEN = (
    "An edit during the PUT",
    "A PUT that arrives late",
    "An edit that reads do not return yet",
)


def test_an_edit_during_the_put_is_overwritten_and_nothing_that_we_read_shows_it() -> None:
    story = shortest_story(loses_no_edit, World(edits=1))
    assert story == [
        f"{PLAN}: sends PUT 1",
        "    somebody edits others",
        "PUT 1 is accepted",
        DONE,
    ]
    undisturbed = shortest_story(lambda world: world.run.status != "done", World())
    assert [line for line in story if not line.startswith(" ")] == undisturbed


def test_a_put_that_arrives_late_overwrites_an_edit_after_the_run_was_done() -> None:
    first = World(edits=1, lost_answers=1)
    assert shortest_story(loses_no_edit_once_done, first) == [
        f"{PLAN}: sends PUT 1",
        "PUT 1 has no answer",
        f"{PLAN}: sends PUT 2",
        "PUT 2 is accepted",
        DONE,
        "    somebody edits others",
        "    PUT 1 arrives late",
    ]


def test_an_edit_that_reads_do_not_return_yet_is_overwritten() -> None:
    assert shortest_story(loses_no_edit, NOT_SHOWN_YET, LAGGING) == [
        f"{PLAN}: sends PUT 1",
        "PUT 1 is accepted",
        "    reads show one write more",
        "    reads show one write more",
        DONE,
    ]


def test_the_page_for_operators_states_each_promise_and_each_limit() -> None:
    text = section(ROOT / "docs/safety.md", "Policies edited during an apply")
    names = re.findall(r"^\* \*\*(.+?)\.\*\*", text, re.MULTILINE)
    assert names == [*PROMISES, DURING, LATE, HIDDEN]


def test_the_reasons_of_the_model_are_those_of_the_product() -> None:
    model = (ROOT / "tests/model/policy_update.py").read_text("utf-8")
    reasons = re.findall(r'"(?:failed|unknown)", "(\w+)"', model)
    assert len(reasons) == 8
    assert {*sentences()} >= {*reasons}
