"""A whole plan: catalogs side by side, the writes of one catalog one after another, no change without an outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from reconciler.apply.precondition import stale_because
from reconciler.apply.write import Writer
from reconciler.errors import GraphError, GraphUnansweredError, StalePlanError
from reconciler.graph.reading import list_extensions, side_by_side, with_way_out
from reconciler.model.plan import Change, Outcome, Plan

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

log = logging.getLogger("reconciler.apply")


async def apply_plan(
    plan: Plan, writer: Writer, report: Callable[[Outcome], None] = lambda _outcome: None
) -> tuple[Outcome, ...]:
    """One outcome per change, in the plan's order. A failure stops neither its catalog nor the others.

    `writer.stop` is asked before each change: once it says why the run is to end, what has not begun is skipped.
    `report` hears of every outcome as it happens.
    """

    async def one(change: Change) -> Outcome:
        """The outcome of one change, or why it was not begun."""
        if change.action == "blocked":
            return Outcome(change, "skipped", error=change.because)
        if writer.stop.because is not None:
            return Outcome(change, "skipped", error=writer.stop.because)
        try:
            return await writer.carry_out(change)
        except Exception as fault:  # a fault here must not cost the others their outcomes
            log.exception("A fault of this tool; please report it.")
            return Outcome(change, "unknown", error=f"a fault of this tool ({type(fault).__name__}) cut it short")

    # No more catalogs at once than requests: a write that had to queue would be far from the look before it.
    places = asyncio.Semaphore(writer.graph.limits.concurrency)

    async def catalog(changes: Sequence[Change]) -> list[Outcome]:
        """The outcomes of one catalog's changes, one after another."""
        outcomes = []
        async with places:
            for change in changes:
                outcomes.append(await one(change))
                writer.note(outcomes[-1])
                report(outcomes[-1])
        return outcomes

    with writer.graph.writes_unlocked():
        done = await side_by_side(catalog(changes) for changes in _by_catalog(plan))
    return tuple(outcome for outcomes in done for outcome in outcomes)


async def refuse_if_stale(plan: Plan, graph: GraphClient) -> None:
    """Nothing, when every change of a saved plan still fits what is live.

    Raises:
        StalePlanError: at least one does not, or cannot be checked; names each of them. Nothing was written.
        GraphUnansweredError: Graph gave no HTTP answer at all in this run.
    """

    async def reasons(changes: Sequence[Change]) -> list[str]:
        """Why the changes of one catalog no longer fit."""
        try:
            live = await list_extensions(graph, str(changes[0].catalog.id))
        except GraphError as error:
            if isinstance(error, GraphUnansweredError) and not graph.answered:
                raise
            return [f"catalog {changes[0].catalog} cannot be read now: {with_way_out(error)}"]
        found = ((change, stale_because(change, live)) for change in changes if change.action != "blocked")
        return [f"“{change.extension.display_name}” in {change.catalog}: {why}" for change, why in found if why]

    touched = [changes for changes in _by_catalog(plan) if any(change.action != "blocked" for change in changes)]
    stale = [reason for one in await side_by_side(reasons(changes) for changes in touched) for reason in one]
    if stale:
        raise StalePlanError(
            "The plan no longer fits what is live; nothing was written.\n  " + "\n  ".join(stale),
            hint="Plan again and review the new plan.",
        )


def _by_catalog(plan: Plan) -> list[list[Change]]:
    """The plan's changes, catalog by catalog, in the plan's order."""
    groups: dict[str, list[Change]] = {}
    for change in plan.changes:
        groups.setdefault(change.catalog.id or str(change.catalog), []).append(change)
    return list(groups.values())
