"""Compares a plan with an earlier one: which changes are in both, and what is no longer managed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.errors import StalePlanError
from reconciler.model.canonical import canonical_json, folded
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import Catalog
from reconciler.model.plan import Plan
from reconciler.plan.digest import entry
from reconciler.settings import graph_host

_EXTENSION_STAYS = (
    "It stays in the tenant, and apply no longer changes it. Declare it again, with its `id` if it"
    " was renamed; or delete it in the Microsoft Entra admin center."
)
_CATALOG_STAYS = (
    "Its extensions, if any, stay in the tenant, and apply no longer changes them. "
    "Declare the catalog again, or delete them in the Microsoft Entra admin center."
)


def with_baseline(plan: Plan, earlier: Plan, *, all_catalogs: bool = True) -> Plan:
    """The plan with every change marked that the earlier plan contains too: same extension, action
    and rows.

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
    dropped = _undeclared_catalogs(plan, earlier) if all_catalogs else ()
    # First, so that truncated output shows what is no longer managed.
    diagnostics = (*_newly_unmanaged(plan, earlier), *dropped, *plan.diagnostics)
    return replace(plan, changes=tuple(changes), diagnostics=diagnostics)


def _newly_unmanaged(plan: Plan, earlier: Plan) -> Iterator[Diagnostic]:
    """R309 for each unmanaged extension that the earlier plan, having read its catalog, did not
    list as one.
    """
    read = {planned.catalog.id for planned in earlier.catalogs if planned.read == "complete"}
    before = {(unmanaged.catalog.id, unmanaged.extension.id) for unmanaged in earlier.unmanaged}
    for catalog, extension in (
        (unmanaged.catalog, unmanaged.extension) for unmanaged in plan.unmanaged
    ):
        if catalog.id in read and (catalog.id, extension.id) not in before:
            yield Diagnostic(
                "R309",
                "warning",
                f'"{extension.display_name}" ({extension.id}) in catalog {catalog} is unmanaged'
                " now, but was not unmanaged in the baseline.",
                _EXTENSION_STAYS,
            )


def _undeclared_catalogs(plan: Plan, earlier: Plan) -> Iterator[Diagnostic]:
    """R311 for each catalog of the earlier plan that this one lacks; compared by name where either
    has no id.
    """
    catalogs = [planned.catalog for planned in plan.catalogs]
    ids = {catalog.id for catalog in catalogs if catalog.id}
    names = {_name(catalog) for catalog in catalogs}
    names_without_id = {_name(catalog) for catalog in catalogs if catalog.id is None}
    for catalog in (planned.catalog for planned in earlier.catalogs):
        known_names = names_without_id if catalog.id else names
        if catalog.id not in ids and _name(catalog) not in known_names:
            yield Diagnostic(
                "R311",
                "warning",
                f"Catalog {catalog}{f' ({catalog.id})' if catalog.id else ''} is in the baseline,"
                " but none of the files of this plan declares it.",
                _CATALOG_STAYS,
            )


def _name(catalog: Catalog) -> str:
    return folded(catalog.display_name)


def _target(plan: Plan) -> tuple[str, str, str | None]:
    return plan.tenant_id, graph_host(plan.graph_url), plan.environment


def _named(plan: Plan) -> str:
    tenant_id, host, environment = _target(plan)
    return f"tenant {tenant_id} at {host}" + (
        f" (environment {environment})" if environment else ""
    )
