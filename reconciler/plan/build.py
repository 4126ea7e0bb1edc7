"""From desired and observed to a plan: catalogs merged, changes ordered, secrets replaced, warnings given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.diff.changes import diff_catalog
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import DesiredCatalog, DesiredExtension, ObservedCatalog, ObservedExtension
from reconciler.model.plan import Change, FieldChange, Plan, PlannedCatalog, Unmanaged
from reconciler.model.secrets import looks_like_keys, may_be_written, texts_of, without_secrets
from reconciler.model.types import LOGIC_APP
from reconciler.plan.digest import digest


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
    return Plan(
        tool_version=context.tool_version,
        tenant_id=context.tenant_id,
        graph_url=context.graph_url,
        digest=digest(context.tenant_id, context.graph_url, changes, context.environment),
        catalogs=tuple(
            PlannedCatalog(found.catalog, found.read)
            for found, _ in sorted(merged, key=lambda pair: (str(pair[0].catalog), pair[0].catalog.id or ""))
        ),
        changes=changes,
        unmanaged=unmanaged,
        diagnostics=tuple(_warnings(changes, merged, context)),
        unchanged=sum(one.unchanged for one in diffs),
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


def _unmanaged_order(item: Unmanaged) -> tuple[str, str, str]:
    return str(item.catalog), item.extension.display_name.casefold(), item.extension.id or ""


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


def _warnings(
    changes: Sequence[Change],
    merged: Iterable[tuple[ObservedCatalog, Sequence[DesiredExtension]]],
    context: PlanContext,
) -> Iterator[Diagnostic]:
    if context.app_only:
        yield from (_without_url(change) for change in changes if _lets_graph_look_up_the_logic_app(change))
    updates = {change.extension.id: change for change in changes if change.action in ("update", "rename")}
    for found, wanted in merged:
        if found.read != "complete" and not wanted:
            end = "" if found.because.endswith(("?", ".")) else "."
            message = f"Catalog {found.catalog} is {found.read}: {found.because}{end}"
            yield Diagnostic(
                "R303", "warning", message, "Nothing is declared in it; correct or remove its declaration."
            )
        for live in found.extensions:
            if not live.known:
                yield _of_unknown_type(live, found)
            if live.unknown and live.id in updates:
                yield _with_unknown_properties(live, updates[live.id])


def _without_url(change: Change) -> Diagnostic:
    return Diagnostic(
        "R301",
        "warning",
        f"“{change.extension.display_name}” is written by an application without endpointConfiguration/url; Graph "
        "has refused that (UnauthorizedClientAppOnBehalfOfUnsupported), there being no user whose Azure rights "
        "could be used.",
        "Declare url: the trigger's address without sig, sp and sv.",
        change.source,
    )


def _of_unknown_type(live: ObservedExtension, found: ObservedCatalog) -> Diagnostic:
    return Diagnostic(
        "R302",
        "warning",
        f"“{live.display_name}” ({live.id}) in catalog {found.catalog} is of the unknown type “{live.type}”.",
        "Nothing to do: it is listed as unmanaged and never touched.",
    )


def _with_unknown_properties(live: ObservedExtension, change: Change) -> Diagnostic:
    return Diagnostic(
        "R304",
        "warning",
        f"“{change.extension.display_name}” ({live.id}) has properties that are not documented: "
        f"{', '.join(sorted(live.unknown))}. An update does not send them.",
        "Look at them after the apply, which fails if they are gone.",
        change.source,
    )


def _lets_graph_look_up_the_logic_app(change: Change) -> bool:
    """True for a create without url, and for an update to another Logic App without one (contract §2.4)."""
    after = {row.path[1]: row.after for row in change.fields if row.path[0] == "endpointConfiguration" and row.path[1:]}
    return change.action != "blocked" and any(name in after for name in LOGIC_APP) and after.get("url") is None
