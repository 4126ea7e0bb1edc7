"""From desired and observed to a plan: catalogs merged, changes ordered, secrets replaced, warnings
given.
"""

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
    """For which Graph and tenant the plan is, and whether the token is an application's, without a
    user.
    """

    tool_version: str
    tenant_id: str
    graph_url: str
    app_only: bool
    environment: str | None = None


def build_plan(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]], context: PlanContext
) -> Plan:
    """The plan that brings each observed catalog to its desired state."""
    merged = list(_merged(pairs))
    diffs = [diff_catalog(observed, desired) for observed, desired in merged]
    changes = tuple(
        sorted(
            (_without_secrets(change, context) for diff in diffs for change in diff.changes),
            key=_change_order,
        )
    )
    unmanaged = tuple(
        sorted((entry for diff in diffs for entry in diff.unmanaged), key=_unmanaged_order)
    )
    unchanged = sum(diff.unchanged for diff in diffs)
    diagnostics = (
        *mass_change(
            changes, unchanged, [extension for _, desired in merged for extension in desired]
        ),
        *findings(changes, merged, app_only=context.app_only),
        *possible_renames(changes, unmanaged, [observed for observed, _ in merged]),
    )
    return Plan(
        tool_version=context.tool_version,
        tenant_id=context.tenant_id,
        graph_url=context.graph_url,
        digest=digest(context.tenant_id, context.graph_url, changes, context.environment),
        catalogs=tuple(
            PlannedCatalog(observed.catalog, observed.read)
            for observed, _ in sorted(
                merged, key=lambda pair: str(pair[0].catalog)
            )  # same name: in id order
        ),
        changes=changes,
        unmanaged=unmanaged,
        diagnostics=diagnostics,
        unchanged=unchanged,
        environment=context.environment,
        not_secret=_not_secret(changes),
    )


def _not_secret(changes: Iterable[Change]) -> tuple[str, ...]:
    """The values to be written that look like a key and that the files list under `notSecret`."""
    written = (
        row.after for change in changes if change.action != "blocked" for row in change.fields
    )
    return tuple(
        sorted(
            {key for value in written for text in texts_of(value) for key in looks_like_keys(text)}
        )
    )


def _merged(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]],
) -> Iterator[tuple[ObservedCatalog, list[DesiredExtension]]]:
    """Each observed catalog once, with everything declared for it by id or by name."""
    pairs = sorted(pairs, key=lambda pair: (pair[1].catalog.id or "", str(pair[1].catalog)))
    for _, group in groupby(
        pairs, key=lambda pair: pair[1].catalog.id or f"name:{pair[1].catalog}"
    ):
        members = list(group)
        read = next(
            (observed for _, observed in members if observed.read != "complete"), members[0][1]
        )
        yield read, [extension for desired, _ in members for extension in desired.extensions]


def _change_order(change: Change) -> tuple[str, str, str, str]:
    name = change.extension.display_name
    return (
        str(change.catalog),
        change.catalog.id or "",
        name.casefold(),
        f"{name}\0{change.extension.id or ''}",
    )


def _unmanaged_order(item: Unmanaged) -> tuple[str, str, str, str]:
    return (
        str(item.catalog),
        item.catalog.id or "",
        item.extension.display_name.casefold(),
        item.extension.id or "",
    )


def _without_secrets(change: Change, context: PlanContext) -> Change:
    """The change with a keyed hash in place of every live value that carries a secret: a plan must
    not contain any.

    A change that would write a secret is blocked. Whether a desired value is secret depends on the
    value itself and on known credentials; live texts, which other people write, block nothing.
    """

    def safe(row: FieldChange) -> FieldChange:
        before = without_secrets(
            row.before, tenant_id=context.tenant_id, extension_id=change.extension.id, path=row.path
        )
        return replace(row, before=before)

    written = ["/".join(row.path) for row in change.fields if not may_be_written(row.after)]
    return (
        _writing_a_secret(change, written)
        if written
        else replace(change, fields=tuple(map(safe, change.fields)))
    )


def _writing_a_secret(change: Change, paths: Sequence[str]) -> Change:
    because = (
        f"{', '.join(paths)} contains a secret (a signature, a token or a key); remove it from the"
        " file"
    )
    return replace(change, action="blocked", because=because, fields=(), precondition=None)
