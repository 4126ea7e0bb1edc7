"""What would have to change, for the declared and observed objects of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.compare import compare, leaves, lost, replaced
from reconciler.diff.joined import joined
from reconciler.diff.match import Match, match
from reconciler.diff.references import Key, Known, References, parents_key
from reconciler.model.json_values import JsonValue, sha256
from reconciler.model.kind import Kind, Kinds
from reconciler.model.objects import NAME, Desired, ObjectRef, Observed, ObservedScope, Parents
from reconciler.model.plan import Change, FieldChange, Precondition, Unmanaged
from reconciler.model.reason import Reason, reason

Pair = tuple[ObservedScope, Sequence[Desired]]
"""A scope as observed, with everything declared in it."""


@dataclass(slots=True)
class Diff:
    """The changes, what is declared and needs none, and the live objects that no file declares."""

    changes: list[Change] = field(default_factory=list)
    unchanged: list[Desired] = field(default_factory=list)
    unmanaged: list[Unmanaged] = field(default_factory=list)


def diff(kinds: Kinds, pairs: Iterable[Pair]) -> Diff:
    """The difference between desired and observed, kind by kind in their order of work.

    A scope that is absent or unreadable blocks everything declared in it, and has nothing
    unmanaged.
    """
    pairs, result, references = list(pairs), Diff(), References()
    for kind in kinds:
        for observed, desired in pairs:
            if not _holds(kind, observed):
                continue
            own = [declared for declared in desired if declared.ref.kind == kind.name]
            if observed.read in ("complete", "to_create"):
                _add_groups(kind, observed, _readable(observed, own, result), references, result)
            else:
                why = observed.reason or reason("parent_unreadable", error="")
                result.changes += [_blocked(declared, why) for declared in own]
    return result


def fingerprint(kind: Kind, live: Observed) -> str:
    """What must be the same right before a write: a hash of everything in the object that counts.

    Nulls are left out: a listing may leave out what a single object shows as null
    (docs/graph.md §2.9).
    """
    return sha256(kind.content(live))


def _readable(scope: ObservedScope, desired: Sequence[Desired], result: Diff) -> list[Desired]:
    """The declared objects without those that could not be read or are not there: these are
    blocked.
    """
    readable = []
    for declared in desired:
        why = scope.problems.get(declared.key)
        if why is None:
            readable.append(declared)
        else:
            result.changes.append(_blocked(declared, why))
    return readable


def _holds(kind: Kind, scope: ObservedScope) -> bool:
    outermost = kind.parents[0] if kind.parents else None
    return outermost == (scope.parent.kind if scope.parent else None)


@dataclass(slots=True)
class _Group:
    """The declared and live objects of one kind in the same parents."""

    parents: Parents
    desired: list[Desired] = field(default_factory=list)
    live: list[Observed] = field(default_factory=list)


def _add_groups(
    kind: Kind,
    scope: ObservedScope,
    desired: Sequence[Desired],
    references: References,
    result: Diff,
) -> None:
    """Adds the objects of one kind in one scope, those in the same parents together."""
    groups: dict[Key, _Group] = {}
    for declared in desired:
        parents, problem = references.resolved_parents(declared.parents)
        if problem is not None:
            result.changes.append(_blocked(declared, problem))
            continue
        group = groups.setdefault(parents_key(parents), _Group(parents))
        group.desired.append(replace(declared, parents=parents))
    for observed in scope.objects:
        if observed.ref.kind == kind.name:
            group = groups.setdefault(parents_key(observed.parents), _Group(observed.parents))
            group.live.append(observed)
    for group in groups.values():
        references.add(kind.name, group.parents, _add_group(kind, group, references, result))


def _add_group(kind: Kind, group: _Group, references: References, result: Diff) -> Known:
    """Adds the objects in the same parents; what a reference from within can name."""
    desired = group.desired
    if kind.is_foreign:
        desired, problems = joined(group.desired, group.live)
        result.changes += [_blocked(declared, why) for declared, why in problems]
    matches = match(desired, group.live, renames=kind.writes_names)
    claimed = {live_id for matched in matches for live_id in matched.claims}
    unclaimed = [observed for observed in group.live if observed.id not in claimed]
    for matched in matches:
        change = _change(kind, matched, references)
        if change is not None:
            result.changes.append(change)
        else:
            ref = _identified(matched.desired, matched.live)
            result.unchanged.append(replace(matched.desired, ref=ref))
    if kind.lists_unmanaged:
        result.unmanaged += [Unmanaged(observed.ref, observed.parents) for observed in unclaimed]
    return Known(matches, unclaimed)


def _change(kind: Kind, matched: Match, references: References) -> Change | None:
    desired, live = matched.desired, matched.live
    properties, unresolved = references.resolved(desired.properties, desired.parents)
    problem = matched.problem or unresolved
    if problem is not None:
        return _blocked(desired, problem, live)
    desired = replace(desired, properties=properties)
    if live is None:
        return None if desired.absent else _create(kind, desired)
    if desired.absent:
        return _delete(kind, desired, live)
    if live.ref.type != desired.ref.type:
        return _replace(kind, desired, live)
    return _update(kind, matched, desired, live)


def _create(kind: Kind, desired: Desired) -> Change:
    if kind.api.create is None:
        return _blocked(desired, reason("create_not_offered"))
    return Change(
        action="create",
        object=replace(desired.ref, id=None),
        parents=desired.parents,
        reason=reason("not_live"),
        fields=leaves(desired.properties),
        precondition=Precondition(exists=False),
        source=desired.source,
    )


def _delete(kind: Kind, desired: Desired, live: Observed) -> Change:
    """The deletion of a live object; its rows are all that is lost."""
    if kind.api.delete is None:
        return _blocked(desired, reason("delete_not_offered"), live)
    return Change(
        action="delete",
        object=live.ref,
        parents=live.parents,
        reason=reason("declared_absent"),
        fields=lost(live.properties),
        precondition=Precondition(exists=True, fingerprint=fingerprint(kind, live)),
        source=desired.source,
        last_modified_at=live.last_modified_at,
        last_modified_by=live.last_modified_by,
    )


def _replace(kind: Kind, desired: Desired, live: Observed) -> Change:
    """A new object of the declared type in place of the live one, with what can be carried over."""
    types: dict[str, JsonValue] = {"live_type": live.ref.type, "type": desired.ref.type}
    if not kind.api.offers("replace"):
        return _blocked(desired, reason("type_changed", id=live.id, **types), live)
    return Change(
        action="replace",
        object=replace(desired.ref, id=live.id),
        parents=live.parents,
        reason=reason("type_replaced", **types),
        fields=replaced(kind.fields, desired, live),
        precondition=Precondition(exists=True, fingerprint=fingerprint(kind, live)),
        source=desired.source,
        last_modified_at=live.last_modified_at,
        last_modified_by=live.last_modified_by,
    )


def _update(kind: Kind, matched: Match, desired: Desired, live: Observed) -> Change | None:
    """The update or rename of a live object; None if nothing declared differs."""
    fields = compare(kind.fields, desired.properties, live.properties)
    if not fields:
        return None
    if kind.api.update is None:
        return _blocked(desired, reason("update_not_offered"), live)
    renamed = any(row.path == NAME for row in fields)
    return Change(
        action="rename" if renamed else "update",
        object=replace(desired.ref, id=live.id) if kind.writes_names else live.ref,
        parents=live.parents,
        reason=_reason(fields, desired, live),
        fields=fields,
        precondition=Precondition(
            exists=True,
            fingerprint=fingerprint(kind, live),
            namesakes=matched.namesakes if renamed else (),
            freed_by=matched.freed_by,
        ),
        source=desired.source,
        last_modified_at=live.last_modified_at,
        last_modified_by=live.last_modified_by,
    )


def _reason(fields: Sequence[FieldChange], desired: Desired, live: Observed) -> Reason:
    declared = set(desired.properties)
    counts: dict[str, JsonValue] = {
        "differ": sum(row.path in declared for row in fields if row.path != NAME),
        "declared": len(declared),
    }
    if all(row.path != NAME for row in fields):
        return reason("properties_differ", **counts)
    code = "renamed_by_id" if desired.ref.id else "respelled"
    return reason(code, live_name=live.ref.display_name, **counts)


def _blocked(desired: Desired, why: Reason, live: Observed | None = None) -> Change:
    return Change(
        action="blocked",
        object=_identified(desired, live),
        parents=desired.parents,
        reason=why,
        source=desired.source,
    )


def _identified(desired: Desired, live: Observed | None) -> ObjectRef:
    """The declared object, with the id of the live one; one that must be absent may be declared
    without its name or its type.
    """
    if live is None:
        return desired.ref
    if desired.absent or desired.ref.display_name is None:
        return live.ref
    return replace(desired.ref, id=live.id)
