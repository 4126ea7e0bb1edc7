"""Journals that follow the write protocol are paths of its model, and forged ones are not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.journal_paths import ANYTHING, departures
from tests.model.worlds import LAGS, Lag

AT_ONCE, IN_ORDER = LAGS["at once"], LAGS["in order"]
METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}
ANSWERS = {"accepted", "throttled", "refused", "unclear", "unauthorized", "not_sent"}


def journal(story: str) -> list[dict[str, Any]]:
    """The journal of `create 1; throttled; kill; create 2; accepted; done`: attempts with the
    number of their request, verdicts, outcomes with their reasons; after a kill, the next run.
    """
    run, action, request, lines = 1, "create", "", []
    for step in story.split("; "):
        word, *rest = step.split()
        if word == "kill":
            run += 1
            continue
        if word in METHODS:
            action, (request,) = word, rest
            line = {"event": "sending", "method": METHODS[word], "client_request_id": request}
        elif word in ANSWERS:
            line = {"event": "answered", "verdict": word, "client_request_id": request}
        else:
            reason = {"code": rest[0]} if rest else None
            line = {"event": "outcome", "status": word, "reason": reason}
        about = {"parents": [{"display_name": "Marketing"}], "object": {"display_name": "a"}}
        lines.append(line | about | {"run": str(run), "action": action})
    return lines


LOST_TWICE = "create 1; unclear; create 2; unclear"
ALLOWED = {
    "a create": ("create 1; accepted; done", 1, AT_ONCE),
    "a throttled create": ("create 1; throttled; create 1; accepted; done", 1, AT_ONCE),
    "a refused spelling": ("create 1; refused; create 2; accepted; done", 1, AT_ONCE),
    "a lost create": ("create 1; unclear; done found_after_lost_create", 1, AT_ONCE),
    "a create that was lost twice": (f"{LOST_TWICE}; unknown never_appeared", 0, AT_ONCE),
    "a taken name": ("failed name_taken", 1, ANYTHING),
    "an update": ("update 1; unclear; update 1; accepted; done", 1, AT_ONCE),
    "a delete": ("delete 1; accepted; done", 0, AT_ONCE),
    "a delete of what is gone": ("delete 1; unclear; done", 0, AT_ONCE),
    "a replace": ("create 1; accepted; done; delete 2; accepted; done", 1, AT_ONCE),
    "a replace whose delete is refused": (
        "create 1; accepted; done; delete 2; refused; failed refused",
        2,
        AT_ONCE,
    ),
    "a kill before Graph applied": ("create 1; kill; create 2; accepted; done", 1, AT_ONCE),
    "a kill after Graph applied": ("create 1", 1, AT_ONCE),
    "a kill while the answer was read": ("update 1; kill; update 2; accepted; done", 1, AT_ONCE),
}
FORBIDDEN = {
    "a second create after an accepted one": ("create 1; accepted; create 2", 2, AT_ONCE),
    "a third create": (f"{LOST_TWICE}; create 3", 1, ANYTHING),
    "a lost create that is the same request": ("create 1; unclear; create 1", 1, ANYTHING),
    "a new request after throttling": ("create 1; throttled; create 2", 1, ANYTHING),
    "a write while another is in flight": ("create 1; create 2", 1, ANYTHING),
    "a lost create as refused": ("create 1; unclear; failed refused", 0, ANYTHING),
    "a lost update as stale": ("update 1; unclear; failed changed_since", 1, ANYTHING),
    "an answer to a run that has sent nothing": ("create 1; kill; accepted", 1, ANYTHING),
    "done without a write": ("done", 1, ANYTHING),
    "an update of what was created": ("create 1; refused; update 2", 0, ANYTHING),
    "a write after the outcome": ("create 1; accepted; done; create 2", 1, ANYTHING),
    "a replace that deletes first": ("delete 1; accepted; create 2", 1, AT_ONCE),
    "a replace that deletes too early": ("create 1; unclear; delete 2", 1, ANYTHING),
    "done, but nothing is live": ("create 1; accepted; done", 0, AT_ONCE),
    "two by one run": (f"{LOST_TWICE}; unknown never_appeared", 2, AT_ONCE),
    "two by a killed run and the next one": (
        "create 1; kill; create 2; accepted; done",
        2,
        IN_ORDER,
    ),
}


@pytest.mark.parametrize(("story", "live", "lag"), ALLOWED.values(), ids=ALLOWED)
def test_a_journal_that_follows_the_protocol_is_a_path(story: str, live: int, lag: Lag) -> None:
    assert departures(journal(story), {("marketing", "a"): live}, lag) == []


@pytest.mark.parametrize(("story", "live", "lag"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_journal_that_breaks_the_protocol_is_not(story: str, live: int, lag: Lag) -> None:
    assert len(departures(journal(story), {("marketing", "a"): live}, lag)) == 1


def test_a_departure_is_told_with_what_is_allowed() -> None:
    (departure,) = departures(journal("create 1; refused; done"), {}, AT_ONCE)
    assert departure == (
        "('marketing', 'a'): the model does not write 'A: outcome done ' here, but"
        " ['A: outcome failed check_failed', 'A: outcome failed refused',"
        " 'A: sending POST new request']"
    )


@pytest.mark.parametrize("lines", [[{"event": "begin"}], journal("skipped interrupted")])
def test_what_was_not_begun_is_not_judged(lines: list[Any]) -> None:
    assert departures(lines, {}) == []
