"""What Graph shows after a write: polled until the object shows, for one minute in total."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reconciler.apply import outcomes
from reconciler.apply.check import own_of, read_live
from reconciler.apply.writing import Writing
from reconciler.errors import ReconcilerError, ServiceError
from reconciler.model.names import folded
from reconciler.model.objects import Observed
from reconciler.model.plan import FieldChange, Outcome
from reconciler.model.reason import reason

if TYPE_CHECKING:
    from reconciler.apply.run import Run

POLL_WAITS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses before each poll, one minute in total: how long Graph may take to show what it wrote
(docs/graph.md §5.5).
"""
SHORT_POLL_WAITS_S = POLL_WAITS_S[:4]
"""Used when Graph's own answer already showed that it dropped a value."""

MAX_FAILED_POLLS = 3
"""Polling ends after this many failed polls in a row; each was retried already, like every request.
"""

Read = Callable[[], Awaitable[Sequence[Observed]]]
"""Reads what is live now; raises ServiceError."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What one read-back shows: the object itself, others with its new name, and values not shown
    as sent.
    """

    own: Observed | None
    namesakes: tuple[str, ...]
    missing: tuple[FieldChange, ...]


async def read_back(writing: Writing, run: Run, *, short: bool = False) -> ReadBack:
    """The first read-back in which nothing is missing, or else the last one.

    Raises:
        ServiceError: the last poll failed, or `MAX_FAILED_POLLS` in a row.
    """
    waits_s = SHORT_POLL_WAITS_S if short else POLL_WAITS_S
    async with aclosing(_polls(writing, run, waits_s)) as polls:
        async for live in polls:
            run.remember(writing.change, live)
            seen = _read_back_of(writing, live)
            if not seen.missing:
                break
    return seen


async def search(writing: Writing, run: Run, lost: ReconcilerError) -> Observed | Outcome | None:
    """After a create of unknown outcome: the one new object that is as sent; None if none of the
    name appears; an outcome if that is undecided.

    It always takes the whole time: what shows first may be what another run has created, and our
    own appear later (docs/adr/0009-a-lost-create-is-created-once-more.md).
    """
    shown: dict[str, Observed] = {}
    try:
        async with aclosing(_polls(writing, run, POLL_WAITS_S)) as polls:
            async for live in polls:
                run.remember(writing.change, live)
                shown |= _of_same_name(writing, live)
    except ServiceError as error:
        why = reason("search_failed", search_error=str(error))
        return outcomes.unknown(writing, why, lost)
    if not shown:
        return None
    candidate, *others = shown.values()
    is_new = candidate.id not in {observed.id for observed in writing.before}
    if is_new and not others and _is_as_sent(writing, candidate):
        return candidate
    return outcomes.not_found(writing, lost, sorted(shown))


def _polls(
    writing: Writing, run: Run, waits_s: Sequence[float]
) -> AsyncGenerator[Sequence[Observed], None]:
    """What the change is about, read again after each wait; while reads of a new parent lag, that
    counts as no failure.
    """
    read = partial(read_live, writing, run, all_objects=writing.reads_all)
    return poll(read, run, waits_s, writing.parent_lags)


async def poll(
    read: Read,
    run: Run,
    waits_s: Sequence[float],
    is_lag: Callable[[ServiceError], bool] = lambda _error: False,
) -> AsyncGenerator[Sequence[Observed], None]:
    """What is live, read again after each wait; a failed poll is skipped, and one that failed
    because reads lag (`is_lag`) does not count.

    Raises:
        ServiceError: the last poll failed, or `MAX_FAILED_POLLS` in a row.
    """
    failed = 0
    for number, wait_s in enumerate(waits_s, start=1):
        await run.sleep(wait_s)
        try:
            with run.graph.skip_queue():
                live = await read()
        except ServiceError as error:
            failed += not is_lag(error)
            if failed == MAX_FAILED_POLLS or number == len(waits_s):
                raise
        else:
            failed = 0
            yield live


def _read_back_of(writing: Writing, live: Sequence[Observed]) -> ReadBack:
    change, expected = writing.change, writing.expected
    own, name = own_of(change, live), folded(change.object.display_name)
    had_name = expected.before is not None and folded(expected.before.ref.display_name) == name
    namesakes = (
        observed.id
        for observed in live
        if not had_name
        and observed is not own
        and observed.id not in change.namesakes
        and folded(observed.ref.display_name) == name
    )
    return ReadBack(own, tuple(namesakes), expected.missing(own))


def _of_same_name(writing: Writing, live: Sequence[Observed]) -> dict[str, Observed]:
    """The objects with the new name, without those that may share it."""
    name, others = folded(writing.change.object.display_name), writing.change.namesakes
    return {
        observed.id: observed
        for observed in live
        if folded(observed.ref.display_name) == name and observed.id not in others
    }


def _is_as_sent(writing: Writing, candidate: Observed) -> bool:
    """True if nothing is missing, or only values that Graph may expect under another name."""
    expected = writing.expected
    missing = expected.missing(candidate)
    same_type = candidate.ref.type == writing.change.object.type
    return same_type and (not missing or expected.lost_only_aliases(missing))
