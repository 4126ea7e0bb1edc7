"""The steps that use cases share once there is a connection: observe, plan, count."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler import __version__
from reconciler.app.connection import Connection
from reconciler.app.kinds import KINDS
from reconciler.app.observe import observe, with_referred
from reconciler.app.referring import observe_referring
from reconciler.app.runs import Progress
from reconciler.app.selection import may_be_selected, select_read
from reconciler.errors import GraphError
from reconciler.graph.concurrent import concurrently
from reconciler.loader import LoadedState
from reconciler.model.graph import Graph
from reconciler.model.objects import DesiredScope, Observed, ObservedScope, Parents, Referring
from reconciler.model.plan import Plan, UnsettledWrite
from reconciler.model.reason import Reason
from reconciler.plan.build import NOT_READ, PlanContext, build_plan
from reconciler.plan.reads import Reads, skipped_looks, to_look_at
from reconciler.plan.uses import Place, Uses, removing


async def fresh_plan(
    connection: Connection,
    declared: LoadedState,
    progress: Progress,
    unsettled: tuple[UnsettledWrite, ...] = (),
    *,
    second_looks: bool = True,
) -> Plan:
    """The plan for the desired state; the warnings about the files come before its own. Without
    `second_looks`, a warning says so instead.
    """
    pairs = await observed(connection, declared.scopes, progress)
    context = replace(plan_context(connection), unsettled=unsettled)
    plan = build_plan(pairs, KINDS, context, declared=declared.scopes)
    reads = await _reads(connection, pairs, plan, progress, second_looks=second_looks)
    if reads != NOT_READ:  # read only now that it is known what the plan changes
        plan = build_plan(pairs, KINDS, context, reads, declared.scopes)
    skipped = () if second_looks else skipped_looks(plan.changes, KINDS)
    return replace(plan, diagnostics=(*declared.diagnostics, *plan.diagnostics, *skipped))


async def _reads(
    connection: Connection,
    pairs: Iterable[tuple[DesiredScope, ObservedScope]],
    plan: Plan,
    progress: Progress,
    *,
    second_looks: bool,
) -> Reads:
    """What must be read for the changes of a plan."""
    removed = removing(plan.changes)
    uses = await _uses(connection, removed, progress) if removed else Uses({})
    changes = to_look_at(plan.changes, KINDS) if second_looks else []
    live = {each.ref.key: each for _, scope in pairs for each in scope.objects}
    looked = counting("looking at what is changed", len(changes), progress)
    looks = await concurrently(
        _look(connection.graph, live[change.object.key], looked) for change in changes
    )
    problems = {
        change.object.key: why
        for change, why in zip(changes, looks, strict=True)
        if why is not None
    }
    return Reads(uses, problems)


async def _look(graph: Graph, live: Observed, looked: Callable[[], None]) -> Reason | None:
    """Why the object must not be changed, which only a second look at it shows."""
    second_look = KINDS.named(live.ref.kind).second_look
    if second_look is None:
        raise AssertionError("the kind has no second look")
    try:
        answer: Mapping[str, Any] | GraphError = await second_look.read(graph, live.ref)
    except GraphError as error:
        answer = error
    looked()
    return second_look.problem(live, answer)


async def _uses(
    connection: Connection, removed: Mapping[Place, tuple[str, Parents]], progress: Progress
) -> Uses:
    """What can refer to the objects that a plan removes."""
    read = counting("reading what uses them", len(removed), progress)
    referring: dict[Place, Referring] = {}
    for name in dict.fromkeys(kind for kind, _ in removed.values()):
        scopes = {place: parents for place, (kind, parents) in removed.items() if kind == name}
        results = observe_referring(connection.graph, KINDS, name, [*scopes.values()], read)
        referring |= zip(scopes, await results, strict=True)
    return Uses(referring)


async def observed(
    connection: Connection, declared: Sequence[DesiredScope], progress: Progress
) -> Sequence[tuple[DesiredScope, ObservedScope]]:
    """The observed state of each declared scope that --catalog selects."""
    names = connection.settings.catalogs
    desired = with_referred(KINDS, may_be_selected(declared, names))
    parents = sum(scope.parent is not None for scope in desired)
    read = counting("reading catalogs", parents, progress)
    states = await observe(connection.graph, KINDS, desired, read)
    return select_read(list(zip(desired, states, strict=True)), names, declared)


def plan_context(connection: Connection) -> PlanContext:
    """The tenant, Graph and environment of plans over this connection."""
    return PlanContext(
        tool_version=__version__,
        tenant_id=connection.tenant_id,
        graph_url=connection.settings.graph_url,
        app_only=connection.identity.kind == "app",
        environment=connection.settings.environment_name,
    )


def counting(what: str, total: int, progress: Progress) -> Callable[[], None]:
    """A function to call each time one of `total` steps is done."""
    done = itertools.count(1)
    return lambda: progress.advance(what, next(done), total)
