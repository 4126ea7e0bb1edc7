"""Checks a whole saved plan before its first write."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.apply.check import read_each, stale_because
from reconciler.apply.steps import steps
from reconciler.diff.references import Key, parents_key
from reconciler.errors import ServiceError, ServiceUnansweredError, StalePlanError
from reconciler.model.kind import Kind, Kinds
from reconciler.model.objects import Observed
from reconciler.model.plan import Change, Plan
from reconciler.network.concurrent import concurrently
from reconciler.render.reasons import stale_clause

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient


async def refuse_if_stale(plan: Plan, graph: GraphClient, kinds: Kinds) -> None:
    """Returns if every change of a saved plan still matches what is observed.

    Raises:
        StalePlanError: at least one does not, or cannot be checked; names each of them. Nothing was
            written.
        ServiceUnansweredError: Graph gave no HTTP answer at all in this run.
    """
    groups = _by_parents(plan.pending)
    reasons = await concurrently(_stale_in(changes, graph, kinds) for changes in groups)
    stale = list(chain(*reasons))
    if stale:
        raise StalePlanError(
            "The plan no longer matches Graph; nothing was written.\n  " + "\n  ".join(stale),
            hint="Run plan again and review the new plan.",
        )


async def _stale_in(changes: Sequence[Change], graph: GraphClient, kinds: Kinds) -> list[str]:
    """Why the changes of one kind in the same parents no longer match, each as a sentence."""
    parents, kind = changes[0].parents, kinds.named(changes[0].kind)
    if any(parent.id is None for parent in parents):
        return []  # the plan creates them: what is in them is checked with them
    try:
        live = await _live(changes, graph, kind)
    except ServiceError as error:
        if isinstance(error, ServiceUnansweredError) and not graph.answered:
            raise
        where = f"{parents[-1].kind} {parents[-1]}" if parents else f"the {kind.plural}"
        return [f"{where} could not be read: {error.with_hint()}"]
    checked = (
        (step.change, stale_because(kind, step.write, live)) for step in steps(changes, kinds)
    )
    return [f"{_named(change)}: {stale_clause(why, change)}" for change, why in checked if why]


async def _live(changes: Sequence[Change], graph: GraphClient, kind: Kind) -> Sequence[Observed]:
    """What is live in the parents of the changes. Objects of the tenant, and those that are read on
    demand, can be many: where no name must be free, only those that change are read.
    """
    parents = changes[0].parents
    few = kind.on_demand or not parents
    if not few or any(change.action in ("create", "rename") for change in changes):
        return await kind.api.list(graph, parents)
    return await read_each(kind, graph, parents, [str(change.object.id) for change in changes])


def _named(change: Change) -> str:
    where = f" in {change.parents[-1]}" if change.parents else ""
    return f'"{change.object.display_name}"{where}'


def _by_parents(changes: Sequence[Change]) -> list[list[Change]]:
    groups: dict[tuple[str, Key], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.kind, parents_key(change.parents)), []).append(change)
    return list(groups.values())
