"""Applies a whole plan: catalogs concurrently, writes within one catalog in order, one outcome for
every change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.apply.precondition import stale_because
from reconciler.apply.write import Writer
from reconciler.errors import GraphError, GraphUnansweredError, StalePlanError
from reconciler.graph.reading import concurrently, list_extensions, with_hint
from reconciler.model.plan import Change, Outcome, Plan

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

log = logging.getLogger("reconciler.apply")


async def apply_plan(
    plan: Plan, writer: Writer, report: Callable[[Outcome], None] = lambda _outcome: None
) -> tuple[Outcome, ...]:
    """One outcome per change, in the plan's order. A failed change stops neither its catalog nor
    the others.

    Changes that have not started when `writer.stop` is set are skipped. `report` is called with
    each outcome at once.
    """

    async def apply_change(change: Change) -> Outcome:
        """The outcome of one change, or the reason why it was skipped."""
        if change.action == "blocked":
            return Outcome(change, "skipped", error=change.because)
        if writer.stop.because is not None:
            return Outcome(change, "skipped", error=writer.stop.because)
        try:
            return await writer.apply(change)
        except Exception as bug:  # a bug in one change must not end the others without outcomes
            log.exception("Internal error; please report it.")
            what = (
                f"internal error ({type(bug).__name__}) while applying this change; please"
                " report it"
            )
            return Outcome(change, "unknown", error=what)

    # No more catalogs at once than requests: a write that waits in a queue is sent long after its
    # pre-check.
    concurrency = asyncio.Semaphore(writer.graph.limits.concurrency)

    async def apply_catalog(changes: Sequence[Change]) -> list[Outcome]:
        """The outcomes of one catalog's changes, applied in order."""
        outcomes = []
        async with concurrency:
            for change in changes:
                outcomes.append(await apply_change(change))
                writer.record_outcome(outcomes[-1])
                report(outcomes[-1])
        return outcomes

    with writer.graph.writes_unlocked():
        done = await concurrently(apply_catalog(changes) for changes in _by_catalog(plan))
    return tuple(outcome for outcomes in done for outcome in outcomes)


async def refuse_if_stale(plan: Plan, graph: GraphClient) -> None:
    """Returns if every change of a saved plan still matches what is observed.

    Raises:
        StalePlanError: at least one does not, or cannot be checked; names each of them. Nothing was
            written.
        GraphUnansweredError: Graph gave no HTTP answer at all in this run.
    """

    async def reasons(changes: Sequence[Change]) -> list[str]:
        """Why the changes of one catalog no longer match."""
        try:
            live = await list_extensions(graph, str(changes[0].catalog.id))
        except GraphError as error:
            if isinstance(error, GraphUnansweredError) and not graph.answered:
                raise
            return [f"catalog {changes[0].catalog} could not be read: {with_hint(error)}"]
        checked = (
            (change, stale_because(change, live))
            for change in changes
            if change.action != "blocked"
        )
        return [
            f'"{change.extension.display_name}" in {change.catalog}: {why}'
            for change, why in checked
            if why
        ]

    touched = [
        changes
        for changes in _by_catalog(plan)
        if any(change.action != "blocked" for change in changes)
    ]
    stale = list(chain(*await concurrently(reasons(changes) for changes in touched)))
    if stale:
        raise StalePlanError(
            "The plan no longer matches Graph; nothing was written.\n  " + "\n  ".join(stale),
            hint="Run plan again and review the new plan.",
        )


def _by_catalog(plan: Plan) -> list[list[Change]]:
    """The plan's changes, grouped by catalog, in the plan's order."""
    groups: dict[str, list[Change]] = {}
    for change in plan.changes:
        groups.setdefault(change.catalog.id or str(change.catalog), []).append(change)
    return list(groups.values())
