"""The steps that use cases share once there is a connection: observe, plan, count."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler import __version__
from reconciler.app.connection import Connection
from reconciler.app.kinds import KINDS
from reconciler.app.observe import observe, with_referred
from reconciler.app.referring import observe_referring
from reconciler.app.runs import Progress
from reconciler.app.selection import may_be_selected, select_read
from reconciler.loader import LoadedState
from reconciler.model.objects import DesiredScope, ObservedScope, Parents, Referring
from reconciler.model.plan import Plan, UnsettledWrite
from reconciler.plan.build import PlanContext, build_plan
from reconciler.plan.uses import Place, Uses, removing


async def fresh_plan(
    connection: Connection,
    declared: LoadedState,
    progress: Progress,
    unsettled: tuple[UnsettledWrite, ...] = (),
) -> Plan:
    """The plan for the desired state; the warnings about the files come before its own."""
    pairs = await observed(connection, declared.scopes, progress)
    context = replace(plan_context(connection), unsettled=unsettled)
    plan = build_plan(pairs, KINDS, context, declared=declared.scopes)
    removed = removing(plan.changes)
    if removed:  # read only now, and the plan is made again with what refers to them
        uses = await _uses(connection, removed, progress)
        plan = build_plan(pairs, KINDS, context, uses, declared.scopes)
    return replace(plan, diagnostics=(*declared.diagnostics, *plan.diagnostics))


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
