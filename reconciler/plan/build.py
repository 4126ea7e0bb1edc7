"""From desired and observed to a plan: catalogs merged, changes ordered, secrets replaced, warnings given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.diff.changes import diff_catalog
from reconciler.model.extension import DesiredCatalog, DesiredExtension, ObservedCatalog
from reconciler.model.plan import Change, FieldChange, Plan, PlannedCatalog, Unmanaged
from reconciler.model.secrets import holds_stand_in, without_secrets
from reconciler.plan.digest import digest
from reconciler.plan.findings import findings
from reconciler.plan.mass_change import mass_change
from reconciler.plan.possible_renames import possible_renames


@dataclass(frozen=True, slots=True)
class PlanContext:
    """For which Graph and tenant the plan is, and whether an application asks (no user behind the token)."""

    tool_version: str
    tenant_id: str
    graph_url: str
    app_only: bool
    environment: str | None = None


def build_plan(pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]], context: PlanContext) -> Plan:
    """The plan that brings each observed catalog to what is desired for it."""
    merged = list(_merged(pairs))
    diffs = [diff_catalog(found, wanted) for found, wanted in merged]
    changes = tuple(
        sorted((_without_secrets(change, context) for one in diffs for change in one.changes), key=_change_order)
    )
    unmanaged = tuple(sorted((item for one in diffs for item in one.unmanaged), key=_unmanaged_order))
    unchanged = sum(one.unchanged for one in diffs)
    diagnostics = (
        *mass_change(changes, unchanged, [extension for _, wanted in merged for extension in wanted]),
        *findings(changes, merged, app_only=context.app_only),
        *possible_renames(changes, unmanaged, [found for found, _ in merged]),
    )
    return Plan(
        tool_version=context.tool_version,
        tenant_id=context.tenant_id,
        graph_url=context.graph_url,
        digest=digest(context.tenant_id, context.graph_url, changes, context.environment),
        catalogs=tuple(
            PlannedCatalog(found.catalog, found.read)
            for found, _ in sorted(merged, key=lambda pair: str(pair[0].catalog))  # those of one name stay in id order
        ),
        changes=changes,
        unmanaged=unmanaged,
        diagnostics=diagnostics,
        unchanged=unchanged,
        environment=context.environment,
    )


def _merged(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]],
) -> Iterator[tuple[ObservedCatalog, list[DesiredExtension]]]:
    """Each observed catalog once, with everything declared for it by id or by name."""
    pairs = sorted(pairs, key=lambda pair: (pair[1].catalog.id or "", str(pair[1].catalog)))
    for _, group in groupby(pairs, key=lambda pair: pair[1].catalog.id or f"name:{pair[1].catalog}"):
        members = list(group)
        read = next((found for _, found in members if found.read != "complete"), members[0][1])
        yield read, [extension for wanted, _ in members for extension in wanted.extensions]


def _change_order(change: Change) -> tuple[str, str, str, str]:
    name = change.extension.display_name
    return str(change.catalog), change.catalog.id or "", name.casefold(), f"{name}\0{change.extension.id or ''}"


def _unmanaged_order(item: Unmanaged) -> tuple[str, str, str, str]:
    return str(item.catalog), item.catalog.id or "", item.extension.display_name.casefold(), item.extension.id or ""


def _without_secrets(change: Change, context: PlanContext) -> Change:
    """The change with a stand-in for every value that carries a secret: none may reach a plan.

    A change that would write a secret is blocked, since neither the secret nor what stands for it may reach Graph.
    """

    def safe(row: FieldChange) -> FieldChange:
        before, after = (
            without_secrets(value, tenant_id=context.tenant_id, extension_id=change.extension.id, path=row.path)
            for value in (row.before, row.after)
        )
        return FieldChange(row.path, before, after)

    fields = tuple(safe(row) for row in change.fields)
    written = ["/".join(row.path) for row in fields if holds_stand_in(row.after)]
    return _writing_a_secret(change, written) if written else replace(change, fields=fields)


def _writing_a_secret(change: Change, paths: Sequence[str]) -> Change:
    because = f"{', '.join(paths)} holds what was seen elsewhere as a signature or a token; remove it from the file"
    return replace(change, action="blocked", because=because, fields=(), precondition=None)
