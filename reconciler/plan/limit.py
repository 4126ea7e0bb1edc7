"""The limit on what one run may delete."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import RefusedError
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Plan
from reconciler.render.nouns import common_noun, counted


def beyond_limit(plan: Plan, max_deletes: int) -> RefusedError | None:
    """Why the plan must not be applied: it deletes more objects than allowed, or replaces them.
    None if it does not.
    """
    deleted = [change.object for change in plan.pending if change.removes]
    if len(deleted) <= max_deletes:
        return None
    what = counted(len(deleted), common_noun(deleted))
    allowed = max_deletes or "none"
    return RefusedError(
        f"The plan deletes or replaces {what}, and --max-deletes allows {allowed}.",
        hint=(
            "Nothing is written. Review the deletions; if all of them are intended, use"
            f" --max-deletes {len(deleted)} or RECONCILER_MAX_DELETES={len(deleted)}."
        ),
    )


def with_limit(plan: Plan, max_deletes: int) -> Plan:
    """The plan with a warning before all others if it must not be applied (R316): whoever reviews
    it sees neither the error nor the limit of the run that made it.
    """
    excess = beyond_limit(plan, max_deletes)
    if excess is None:
        return plan
    warning = Diagnostic("R316", "warning", str(excess), excess.hint or "")
    return replace(plan, diagnostics=(warning, *plan.diagnostics))
