"""The use cases plan and drift: read Graph, compare, write nothing."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.app.runs import Progress
from reconciler.loader import LoadedState
from reconciler.model.plan import Plan
from reconciler.settings import Settings


async def plan(
    settings: Settings,
    variables: Mapping[str, str],
    desired: LoadedState,
    progress: Progress,
    baseline: Plan | None = None,
    *,
    second_looks: bool = True,
) -> Plan:
    """The plan for the desired state, with the changes of the baseline marked; reads Graph, writes
    nothing. `second_looks`: see `fresh_plan`.
    """
    from reconciler.app.connection import connect
    from reconciler.app.steps import fresh_plan
    from reconciler.plan.baseline import with_baseline

    async with connect(settings, variables, progress.remark) as connection:
        fresh = await fresh_plan(connection, desired, progress, second_looks=second_looks)
    if baseline is None:
        return fresh
    return with_baseline(fresh, baseline, all_catalogs=not settings.catalogs)
