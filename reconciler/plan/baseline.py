"""Compares a plan with an earlier one: which changes are in both, and what is no longer managed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.diff.references import Key, parents_key
from reconciler.errors import StalePlanError
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.digest import entry
from reconciler.model.json_values import canonical_json
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Plan, Unmanaged
from reconciler.model.target import graph_host

_OBJECT_STAYS = (
    "It stays live; declare `ensure: absent` to delete it. Apply no longer changes it; to manage"
    " it, declare it again, with its `id` if it was renamed."
)
_SCOPE_STAYS = (
    "What is in it stays live, and apply no longer changes it. Declare the {kind} again; to delete"
    " what it contains, declare each object with `ensure: absent`."
)


def with_baseline(plan: Plan, earlier: Plan, *, all_catalogs: bool = True) -> Plan:
    """The plan with every change marked that the earlier plan contains too: same object, action and
    rows.

    Its diagnostics begin with what has become unmanaged since (R309, R311). Without `all_catalogs`,
    when the plan is for some catalogs only, a catalog that it leaves out is not reported. The
    digest stays the same: it identifies what would be done, not since when.

    Raises:
        StalePlanError: the earlier plan is of another tenant, Graph or environment.
    """
    if _target(plan) != _target(earlier):
        raise StalePlanError(
            f"The baseline was made for {_named(earlier)}, the new plan is for {_named(plan)}.",
            hint="Make the baseline with the same target options.",
        )
    known = {canonical_json(entry(change)) for change in earlier.changes}
    changes = (
        replace(change, already_pending=canonical_json(entry(change)) in known)
        for change in plan.changes
    )
    dropped = _undeclared_scopes(plan, earlier) if all_catalogs else ()
    # First, so that truncated output shows what is no longer managed.
    diagnostics = (*_newly_unmanaged(plan, earlier), *dropped, *plan.diagnostics)
    return replace(plan, changes=tuple(changes), diagnostics=diagnostics)


def _newly_unmanaged(plan: Plan, earlier: Plan) -> Iterator[Diagnostic]:
    """R309 for each unmanaged object that the earlier plan, having read its scope, did not list as
    one.
    """
    read = {planned.parent.id for planned in earlier.scopes if planned.read == "complete"}
    before = {_identity(unmanaged) for unmanaged in earlier.unmanaged}
    for unmanaged in plan.unmanaged:
        ref, scope = unmanaged.object, unmanaged.parents[0] if unmanaged.parents else None
        was_read = scope is None or scope.id in read
        if was_read and _identity(unmanaged) not in before:
            where = f" in {scope.kind} {scope}" if scope else ""
            yield Diagnostic(
                "R309",
                "warning",
                f'"{ref.display_name or ""}" ({ref.id}){where} is unmanaged now, but was not'
                " unmanaged in the baseline.",
                _OBJECT_STAYS,
            )


def _identity(unmanaged: Unmanaged) -> tuple[str, str | None, Key]:
    return unmanaged.object.kind, unmanaged.object.id, parents_key(unmanaged.parents)


def _undeclared_scopes(plan: Plan, earlier: Plan) -> Iterator[Diagnostic]:
    """R311 for each scope of the earlier plan that this one lacks; compared by name where either
    has no id.
    """
    current = [planned.parent for planned in plan.scopes]
    ids = {scope.id for scope in current if scope.id}
    names = {_name(scope) for scope in current}
    names_without_id = {_name(scope) for scope in current if scope.id is None}
    for scope in (planned.parent for planned in earlier.scopes):
        known_names = names_without_id if scope.id else names
        if scope.id not in ids and _name(scope) not in known_names:
            identity = f" ({scope.id})" if scope.id else ""
            yield Diagnostic(
                "R311",
                "warning",
                f"{scope.kind.capitalize()} {scope}{identity} is in the baseline, but none of the"
                " files of this plan declares it.",
                _SCOPE_STAYS.format(kind=scope.kind),
            )


def _name(scope: ObjectRef) -> tuple[str, str]:
    return scope.kind, folded(scope.display_name)


def _target(plan: Plan) -> tuple[str, str, str | None]:
    return plan.tenant_id, graph_host(plan.graph_url), plan.environment


def _named(plan: Plan) -> str:
    tenant_id, host, environment = _target(plan)
    return f"tenant {tenant_id} at {host}" + (
        f" (environment {environment})" if environment else ""
    )
