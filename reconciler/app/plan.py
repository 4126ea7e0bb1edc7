"""The use cases plan and drift: read Graph, compare, write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.app.runs import Progress
from reconciler.loader import LoadedState, Loading
from reconciler.model.plan import Plan
from reconciler.settings import Settings

if TYPE_CHECKING:
    from asyncio import Future


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
    loading: Loading,
    progress: Progress,
    baseline: Plan | None = None,
    checks: Checks = Checks(),
) -> Plan | LoadedState:
    """The plan for the desired state, with the changes of the baseline marked; reads only. For
    invalid files, what is loaded of them.

    If there is enough to read, that begins while files are still being loaded (ADR 0031).
    """
    from reconciler.app.ahead import Ahead, while_loading
    from reconciler.app.kinds import KINDS
    from reconciler.plan.baseline import with_baseline

    ahead = Ahead(KINDS, settings.catalogs)

    async def planned(valid: Future[LoadedState]) -> Plan:
        """The plan, once the files are known to be valid."""
        if settings.sandbox_db is not None:
            await valid  # for invalid files its database is not made
        from reconciler.app.connection import connect
        from reconciler.app.steps import fresh_plan

        async with (
            connect(settings, variables, progress.remark) as connection,
            ahead.over(connection.graph),
        ):
            reading, desired = replace(connection, ahead=ahead), await valid
            second_looks = checks.second_looks
            fresh = await fresh_plan(reading, desired, progress, second_looks=second_looks)
        if not checks.preflight:
            return fresh
        from reconciler.app.preflight import plan_findings

        findings = await plan_findings(settings, variables, desired, fresh, progress)
        return replace(fresh, diagnostics=(*fresh.diagnostics, *findings))

    result = await while_loading(loading, ahead, planned)
    if baseline is None or isinstance(result, LoadedState):
        return result
    return with_baseline(result, baseline, all_catalogs=not settings.catalogs)
