"""From desired and observed to a plan: catalogs merged, changes ordered, secrets replaced, warnings given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.diff.changes import diff_catalog
from reconciler.model.extension import DesiredCatalog, DesiredExtension, ObservedCatalog
from reconciler.model.plan import Change, FieldChange, Plan, PlannedCatalog, Unmanaged
from reconciler.model.secrets import looks_like_keys, may_be_written, texts_of, without_secrets
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
        not_secret=_not_secret(changes),
    )


def _not_secret(changes: Iterable[Change]) -> tuple[str, ...]:
    """What looks like a key in the values to be written and, as the files declare, is not a secret."""
    written = (row.after for change in changes if change.action != "blocked" for row in change.fields)
    return tuple(sorted({key for value in written for text in texts_of(value) for key in looks_like_keys(text)}))


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
    """The change with a stand-in for every live value that carries a secret: none may reach a plan.

    A change that would write a secret is blocked. What is secret in a desired value is decided by the value itself and
    by known credentials; whatever stands in live texts, which others write, blocks nothing.
    """

    def safe(row: FieldChange) -> FieldChange:
        before = without_secrets(
            row.before, tenant_id=context.tenant_id, extension_id=change.extension.id, path=row.path
        )
        return replace(row, before=before)

    written = ["/".join(row.path) for row in change.fields if not may_be_written(row.after)]
    return _writing_a_secret(change, written) if written else replace(change, fields=tuple(map(safe, change.fields)))


def _writing_a_secret(change: Change, paths: Sequence[str]) -> Change:
    because = f"{', '.join(paths)} holds a signature, a token or a key, which is a secret; remove it from the file"
    return replace(change, action="blocked", because=because, fields=(), precondition=None)
