"""Every fault at every step of the change of a policy stage, once and every time: what is reported
is live, nothing else of the policy changes, and no PUT is sent to a policy that has changed.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bindings import AUDIT, CREATED, GRANTED, GREET, KEPT_POLICY, OTHER_POLICY, POLICY, calls, rest
from fault_laws import no_other_server_is_called, requests_are_bounded, waits_are_as_asked
from fault_plots import EVERY_TIME, IN_TURN, ONCE
from fault_table import EXPECTED, Cells, as_text, reviewed
from objects import explained
from policy_plot import ANY, BETA, CHECK, POLICIES, PUT
from policy_story import BOUND, PolicyStory, happen
from tiers import sample

RENEWING = os.environ.get("RENEW_GOLDEN") == "1"
REVIEWED = reviewed(POLICIES)
NOT_BOUND = [(GRANTED, AUDIT)]
UNREPLACED = ("policy", "beta")
"""Steps of a plan without another way to read the same."""
MATRIX = [
    (times, fault, step)
    for times, steps in POLICIES.times.items()
    for fault in ANY
    for step in steps
]


def of_the_diagonal(case: tuple[str, str, str]) -> bool:
    """The quick tier meets each fault and each step."""
    times, fault, step = case
    if times == IN_TURN:
        return False
    steps = POLICIES.times[times]
    return [*ANY].index(fault) % len(steps) == steps.index(step)


def cell(story: PolicyStory) -> str:
    """The outcome of the story, with the number of PUTs if that is unusual."""
    plain = 1 if story.status in ("done", "unknown") else 0
    return story.status if story.puts == plain else f"{story.status} {story.puts}x"


@pytest.mark.parametrize(("times", "fault", "step"), sample(MATRIX, of_the_diagonal))
def test_a_fault_of_a_policy_ends_as_reviewed_and_breaks_no_law(
    times: str, fault: str, step: str, tmp_path: Path, cells: Cells
) -> None:
    story = asyncio.run(happen(PolicyStory(times, fault, step), tmp_path))
    cells[times, fault, step] = cell(story)
    assert any(seen.faulty for seen in story.seen), "the fault did not happen"
    broken = [f"{law.__name__}: {violation}" for law in LAWS for violation in law(story)]
    assert not broken, "\n".join(broken)
    if not RENEWING:
        said = [explained(outcome) for outcome in story.outcomes]
        assert cell(story) == REVIEWED[times, fault, step], said


def the_report_is_true(story: PolicyStory) -> Iterator[str]:
    """Done is bound, with everything else as it was; failed, skipped and blocked is unchanged in
    every member; unknown names the policy.
    """
    before, after, outcome = story.before[POLICY], story.after[POLICY], story.own
    if rest(after) != rest(before):
        yield f"something else was changed: {after}"
    if calls(after) not in (BOUND, NOT_BOUND):
        yield f"the policy calls {calls(after)}"
    if story.status == "done" and calls(after) != BOUND:
        yield "done but not bound"
    if story.status in ("failed", "skipped", "blocked", "ended") and after != before:
        yield f"{story.status} but written"
    if outcome is not None and outcome.status != "done" and not explained(outcome):
        yield f"{outcome.status} without a reason"
    if story.status == "unknown" and outcome is not None and outcome.change.object.id != POLICY:
        yield f"unknown, and the policy is not named: {outcome.change.object}"


def other_policies_are_not_affected(story: PolicyStory) -> Iterator[str]:
    """Another policy of the package stays as it is; that of the other catalog is changed."""
    if story.after[KEPT_POLICY] != story.before[KEPT_POLICY]:
        yield "a policy without a planned change was changed"
    if story.ended is None and fails_alone(story):
        other = story.outcome_of(OTHER_POLICY)
        if other.status != "done":
            yield f"the other catalog: {explained(other)}"
        if calls(story.after[OTHER_POLICY]) != [(CREATED, GREET)]:
            yield f"the other policy calls {calls(story.after[OTHER_POLICY])}"


def fails_alone(story: PolicyStory) -> bool:
    """False if the fault ends the run: a token that is rejected twice."""
    return not (story.fault.startswith("401") and story.times == EVERY_TIME)


def no_put_meets_a_policy_that_has_changed(story: PolicyStory) -> Iterator[str]:
    """While reads do not lag, each PUT meets the policy as it was planned; with lag, at most what
    our own PUT has made of it.
    """
    for met in story.met:
        has_lag = story.times not in (ONCE, EVERY_TIME)
        if met != story.before[POLICY] and not (has_lag and calls(met) == BOUND):
            yield f"a PUT was sent to a policy that calls {calls(met)}"


def a_refusal_is_sent_once(story: PolicyStory) -> Iterator[str]:
    """A PUT that Graph has refused for good is not sent again."""
    final = story.step == PUT and story.fault[:3] in ("400", "403", "404", "412")
    if final and (story.status, story.puts) != ("failed", 1):
        yield f"{story.status}, and sent {story.puts} times"


def nothing_is_written_without_every_read(story: PolicyStory) -> Iterator[str]:
    """What could not be read at all prevents the PUT; a listing has another one in its place."""
    if story.times == EVERY_TIME and story.step in (*UNREPLACED, BETA, CHECK) and story.met:
        yield f"written although {story.step} never succeeded"


def nothing_is_lost(story: PolicyStory) -> Iterator[str]:
    """The next run plans what is not bound, and nothing else; then everything is as declared."""
    assert story.second is not None
    bound = calls(story.after[POLICY]) == BOUND
    pending = [change.object.id for change in story.second.pending]
    if (POLICY in pending) is bound or story.second.blocked:
        yield f"the second run plans {pending}, blocked {story.second.blocked}"
    yield from (
        f"the second run is {outcome.status}: {explained(outcome)}"
        for outcome in story.outcomes_again
        if outcome.status != "done"
    )
    if calls(story.at_the_end[POLICY]) != BOUND:
        yield f"in the end the policy calls {calls(story.at_the_end[POLICY])}"
    if rest(story.at_the_end[POLICY]) != rest(story.before[POLICY]):
        yield "in the end something else is changed"


def waits_are_as_asked_where_nothing_is_in_flight(story: PolicyStory) -> Iterator[str]:
    """The list of all policies is on its way already when the answer for the package arrives."""
    if story.step != "package":
        yield from waits_are_as_asked(story)


LAWS = (
    the_report_is_true,
    other_policies_are_not_affected,
    no_put_meets_a_policy_that_has_changed,
    a_refusal_is_sent_once,
    nothing_is_written_without_every_read,
    nothing_is_lost,
    waits_are_as_asked_where_nothing_is_in_flight,
    requests_are_bounded,
    no_other_server_is_called,
)


@pytest.mark.skipif(RENEWING, reason="the table is being renewed")
def test_the_reviewed_table_of_policies_has_every_cell_and_nothing_else() -> None:
    assert REVIEWED.keys() == {*MATRIX}
    assert as_text(REVIEWED, POLICIES) == EXPECTED[POLICIES.name].read_text()
