"""What a plan has in common with an earlier one: the changes that were pending already."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import StalePlanError
from reconciler.model.canonical import canonical_json
from reconciler.model.plan import Plan
from reconciler.plan.digest import entry
from reconciler.settings import graph_host


def with_baseline(plan: Plan, earlier: Plan) -> Plan:
    """The plan with every change marked that the earlier plan holds too: same extension, action and rows.

    The digest stays: it says what would be done, not since when.

    Raises:
        StalePlanError: the earlier plan is of another tenant, Graph or environment.
    """
    if _target(plan) != _target(earlier):
        raise StalePlanError(
            f"The baseline is a plan for {_named(earlier)}, this one is for {_named(plan)}.",
            hint="Make the baseline with the same target options.",
        )
    known = {canonical_json(entry(change)) for change in earlier.changes}
    changes = (replace(one, already_pending=canonical_json(entry(one)) in known) for one in plan.changes)
    return replace(plan, changes=tuple(changes))


def _target(plan: Plan) -> tuple[str, str, str | None]:
    return plan.tenant_id, graph_host(plan.graph_url), plan.environment


def _named(plan: Plan) -> str:
    tenant_id, host, environment = _target(plan)
    return f"tenant {tenant_id} at {host}" + (f" (environment {environment})" if environment else "")
