"""The steps that use cases share once there is a connection: observe, plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler import __version__
from reconciler.app.connection import Connection
from reconciler.app.counting import counting
from reconciler.app.kinds import KINDS
from reconciler.app.observe import observe, with_referred
from reconciler.app.reads import with_reads
from reconciler.app.runs import Progress
from reconciler.app.selection import may_be_selected, select_read
from reconciler.loader import LoadedState
from reconciler.model.objects import DesiredScope, ObservedScope
from reconciler.model.plan import Plan, UnsettledWrite
from reconciler.plan.build import NOT_READ, PlanContext, build_plan
from reconciler.plan.reads import Reads, skipped_looks


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

    def build(reads: Reads = NOT_READ) -> Plan:
        """The plan with what was read for it."""
        return build_plan(pairs, KINDS, context, reads, declared.scopes)

    live = {each.ref.key: each for _, scope in pairs for each in scope.objects}
    plan = await with_reads(connection.graph, build, live if second_looks else {}, progress)
    skipped = () if second_looks else skipped_looks(plan.changes, KINDS)
    return replace(plan, diagnostics=(*declared.diagnostics, *plan.diagnostics, *skipped))


async def observed(
    connection: Connection, declared: Sequence[DesiredScope], progress: Progress
) -> Sequence[tuple[DesiredScope, ObservedScope]]:
    """The observed state of each declared scope that --catalog selects."""
    names = connection.settings.catalogs
    desired = with_referred(KINDS, may_be_selected(declared, names))
    parents = sum(scope.parent is not None for scope in desired)
    read = counting("reading catalogs", parents, progress)
    states = await observe(connection.graph, KINDS, desired, read, connection.ahead)
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
