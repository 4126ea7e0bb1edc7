"""From desired and observed to a plan: scopes merged, changes ordered, guards asked, secrets
replaced, warnings given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.diff.changes import Pair, diff
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.digest import digest
from reconciler.model.fields import texts_in
from reconciler.model.kind import Kinds
from reconciler.model.objects import Desired, DesiredScope, ObjectRef, ObservedScope
from reconciler.model.plan import (
    Change,
    FieldChange,
    Plan,
    PlannedScope,
    Unmanaged,
    UnsettledWrite,
)
from reconciler.model.reason import reason
from reconciler.model.secrets import looks_like_keys, may_be_written, texts_of, without_secrets
from reconciler.plan.dependencies import blocked, blocked_with_others, in_order_of_renames
from reconciler.plan.findings import findings
from reconciler.plan.former_names import blocked_by_former_names, renamed_scopes
from reconciler.plan.guards import guarded
from reconciler.plan.mass_change import mass_change
from reconciler.plan.reads import Reads, blocked_by_problems
from reconciler.plan.unmanaged import blocked_until_settled, delete_unmanaged, deleting_scopes
from reconciler.plan.unsettled import hold_unsettled
from reconciler.plan.uses import Uses, with_uses


@dataclass(frozen=True, slots=True)
class PlanContext:
    """For which Graph and tenant the plan is, whether the token is an application's, without a
    user, and which writes of earlier runs are unsettled.
    """

    tool_version: str
    tenant_id: str
    graph_url: str
    app_only: bool
    environment: str | None = None
    unsettled: tuple[UnsettledWrite, ...] = ()


NOT_READ = Reads()
"""What is read for the sake of single changes, before it was read."""


def build_plan(
    pairs: Sequence[tuple[DesiredScope, ObservedScope]],
    kinds: Kinds,
    context: PlanContext,
    reads: Reads = NOT_READ,
    declared: Iterable[DesiredScope] = (),
) -> Plan:
    """The plan that brings each observed scope to its desired state. `declared` is what the files
    declare besides, in scopes that were not selected.
    """
    merged = list(_merged(pairs))
    desired = [each for _, objects in merged for each in objects]
    difference = diff(kinds, merged)
    deleting = deleting_scopes(pairs)
    observed = [scope for scope, _ in merged]
    every = [*(scope for scope, _ in pairs), *declared]
    delete_unmanaged(difference, observed, deleting, every, kinds)
    hold_unsettled(difference, context.unsettled)
    names = {scope.parent.key: str(scope.parent) for scope in observed if scope.parent}
    difference.changes.sort(key=lambda change: _order(change, kinds, names))
    difference.changes = [_without_secrets(change, context) for change in difference.changes]
    difference.changes = blocked_by_former_names(difference.changes, pairs)
    guarding = guarded(difference, observed, kinds, app_only=context.app_only)
    possible = [*blocked_by_problems(guarding.changes, reads)]
    dependent, unread = _blocked_with_others(possible, renamed_scopes(pairs), reads.uses)
    settled = blocked_until_settled(dependent, deleting)
    changes = tuple(in_order_of_renames(settled))
    counts = Counter(each.ref.kind for each in difference.unchanged)
    unchanged = {kind.name: counts[kind.name] for kind in kinds if kind.is_written}
    return Plan(
        tool_version=context.tool_version,
        tenant_id=context.tenant_id,
        graph_url=context.graph_url,
        digest=digest(context.tenant_id, context.graph_url, changes, context.environment),
        scopes=tuple(_scopes(observed)),
        changes=changes,
        unmanaged=tuple(sorted(difference.unmanaged, key=_unmanaged_order)),
        diagnostics=(
            *mass_change(changes, sum(unchanged.values()), desired),
            *findings(changes, merged),
            *guarding.diagnostics,
            *unread,
        ),
        unchanged=unchanged,
        environment=context.environment,
        not_secret=_not_secret(changes),
    )


def _blocked_with_others(
    changes: Sequence[Change], renamed: Collection[tuple[str, str]], uses: Uses
) -> tuple[list[Change], list[Diagnostic]]:
    """The changes; those that depend on a blocked one, and those that remove what is in use, are
    blocked. A use ends only if the change that ends it is not blocked itself.
    """
    current = list(changes)
    while True:
        in_use, unread = with_uses(current, uses)
        settled = blocked_with_others(in_use, renamed)
        if settled == current:
            return settled, unread
        current = settled


def _merged(pairs: Sequence[tuple[DesiredScope, ObservedScope]]) -> Iterator[Pair]:
    """Each observed scope once, with everything declared in it by id or by name.

    An absent scope that this plan creates is read as such: everything in it is to be created.
    """
    created = {
        declared.ref.key
        for desired, observed in pairs
        if observed.parent is None and observed.read == "complete"
        for declared in desired.objects
        if declared.ref.id is None
    }
    ordered = sorted(pairs, key=lambda pair: _scope_order(pair[1].parent))
    for _, group in groupby(ordered, key=lambda pair: _scope_key(pair[1].parent)):
        members = list(group)
        observed = next((read for _, read in members if read.read != "complete"), members[0][1])
        if observed.read == "absent" and _scope_key(observed.parent) in created:
            observed = replace(observed, read="to_create", reason=None)
        desired = [declared for scope, _ in members for declared in scope.objects]
        yield observed, [_resolved(declared, observed.parent) for declared in desired]


def _resolved(declared: Desired, parent: ObjectRef | None) -> Desired:
    """The declaration with its outermost parent as observed."""
    return replace(declared, parents=(parent, *declared.parents[1:])) if parent else declared


def _scope_key(parent: ObjectRef | None) -> tuple[str, str]:
    """What makes two scopes the same: the id, else the name."""
    if parent is None:
        return "", ""
    return parent.key


def _scope_order(parent: ObjectRef | None) -> tuple[tuple[str, str], str]:
    return _scope_key(parent), str(parent or "")


def _scopes(observed: Iterable[ObservedScope]) -> Iterator[PlannedScope]:
    """The scopes with a parent, sorted by its name; scopes of the same name in id order."""
    for scope in sorted(observed, key=lambda scope: str(scope.parent or "")):
        if scope.parent is not None:
            yield PlannedScope(scope.parent, scope.read)


def _not_secret(changes: Iterable[Change]) -> tuple[str, ...]:
    """The values to be written that look like a key and that the files list under `notSecret`."""
    written = [
        row.after for change in changes if change.action != "blocked" for row in change.fields
    ]
    texts = (text for value in texts_in(written) for text in texts_of(value))
    return tuple(sorted({key for text in texts for key in looks_like_keys(text)}))


def _order(
    change: Change, kinds: Kinds, names: Mapping[tuple[str, str], str]
) -> tuple[str, str, bool, int, str, str]:
    """By scope, then in the order of work, in which deletes come last, then by name. `names` are
    those of scopes as observed: one that is to be renamed stays with what it contains.
    """
    name, scope = change.object.display_name or "", change.scope
    scope_name, place = names.get(scope.key, str(scope)), kinds.order(change.kind)
    deletes, by_name = change.action == "delete", (name.casefold(), f"{name}\0{change.object.id}")
    return scope_name, scope.id or "", deletes, -place if deletes else place, *by_name


def _unmanaged_order(unmanaged: Unmanaged) -> tuple[str, str, str, str]:
    scope = unmanaged.parents[0] if unmanaged.parents else unmanaged.object
    name = unmanaged.object.display_name or ""
    return str(scope), scope.id or "", name.casefold(), unmanaged.object.id or ""


def _without_secrets(change: Change, context: PlanContext) -> Change:
    """The change with a keyed hash in place of every live value that carries a secret: a plan must
    not contain any.

    A change that would write a secret is blocked. Whether a desired value is secret depends on the
    value itself and on known credentials; live texts, which other people write, block nothing.
    """
    written = ["/".join(row.path) for row in change.fields if not _may_be_written(row)]
    if written:
        return blocked(change, reason("writes_secret", paths=[*written]))
    return replace(change, fields=tuple(_safe(row, change, context) for row in change.fields))


def _may_be_written(row: FieldChange) -> bool:
    return isinstance(row.after, ObjectRef) or may_be_written(row.after)


def _safe(row: FieldChange, change: Change, context: PlanContext) -> FieldChange:
    if isinstance(row.before, ObjectRef):
        return row
    before = without_secrets(
        row.before, tenant_id=context.tenant_id, object_id=change.object.id, path=row.path
    )
    return replace(row, before=before)
