"""The use cases plan and drift: read Graph, compare, write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.app.runs import Progress
from reconciler.loader import LoadedState
from reconciler.model.plan import Plan
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True)
class Checks:
    """What a plan checks besides the objects that it compares.

    `second_looks`: what Graph v1.0 does not show, see `fresh_plan`. `preflight`: the declared Logic
    Apps; the findings change nothing else of the plan.
    """

    second_looks: bool = True
    preflight: bool = False


async def plan(
    settings: Settings,
    variables: Mapping[str, str],
    desired: LoadedState,
    progress: Progress,
    baseline: Plan | None = None,
    checks: Checks = Checks(),
) -> Plan:
    """The plan for the desired state, with the changes of the baseline marked; reads only."""
    from reconciler.app.connection import connect
    from reconciler.app.steps import fresh_plan
    from reconciler.plan.baseline import with_baseline

    async with connect(settings, variables, progress.remark) as connection:
        second_looks = checks.second_looks
        fresh = await fresh_plan(connection, desired, progress, second_looks=second_looks)
    if checks.preflight:
        from reconciler.app.preflight import plan_findings

        findings = await plan_findings(settings, variables, desired, progress)
        fresh = replace(fresh, diagnostics=(*fresh.diagnostics, *findings))
    if baseline is None:
        return fresh
    return with_baseline(fresh, baseline, all_catalogs=not settings.catalogs)
