"""`unmanaged: delete`: live objects that no declaration names are deleted, unless anything about
their scope is in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from reconciler.diff.changes import Diff, fingerprint
from reconciler.diff.compare import lost
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.kind import Kinds
from reconciler.model.names import folded
from reconciler.model.objects import DesiredScope, ObjectRef, Observed, ObservedScope
from reconciler.model.plan import Change, Precondition, Unmanaged
from reconciler.model.reason import Reason, reason
from reconciler.plan.dependencies import blocked

UNMANAGED = "unmanaged"
"""The reason of a delete that no declaration asks for by name."""

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Deleting:
    """That the unmanaged objects of a scope are to be deleted: where a document says so, and what
    is against it.
    """

    place: SourceLocation
    problem: Reason | None


def deleting_scopes(
    pairs: Iterable[tuple[DesiredScope, ObservedScope]],
) -> dict[Key, Deleting]:
    """The scopes whose unmanaged objects are to be deleted.

    Only one document may declare such a scope, and all files must have been read. That two
    documents name the same scope may only show in Graph.
    """
    of_parents = sorted(
        ((observed.parent.key, scope) for scope, observed in pairs if observed.parent),
        key=lambda each: each[0],
    )
    deleting: dict[Key, Deleting] = {}
    for key, group in groupby(of_parents, key=lambda each: each[0]):
        scopes = [scope for _, scope in group]
        place = next((each.deletes_unmanaged for each in scopes if each.deletes_unmanaged), None)
        if place is not None:
            deleting[key] = Deleting(place, _problem(scopes))
    return deleting


def _problem(scopes: Sequence[DesiredScope]) -> Reason | None:
    if len(scopes) > 1:
        sources = sorted((scope.source.file, scope.source.line) for scope in scopes)
        places = [f"{file}:{line}" for file, line in sources]
        return reason("two_documents", places=[*places])
    return reason("partial_path") if scopes[0].partial else None


def delete_unmanaged(
    difference: Diff,
    observed_scopes: Iterable[ObservedScope],
    deleting: Mapping[Key, Deleting],
    declared: Iterable[DesiredScope],
    kinds: Kinds,
) -> None:
    """Turns the unmanaged objects of these scopes into deletes. Of an unknown type, or with the id
    or the name of a declaration or in one, they stay unmanaged; `declared` has those in scopes that
    were not selected too.
    """
    live = {(each.ref.kind, each.id): each for scope in observed_scopes for each in scope.objects}
    named = {
        name
        for scope in declared
        for each in scope.objects
        for ref in (each.ref, *each.referred)
        for name in _names(ref)
    }
    kept: list[Unmanaged] = []
    for unmanaged in difference.unmanaged:
        ref = unmanaged.object
        scope_deletes = deleting.get(unmanaged.parents[0].key) if unmanaged.parents else None
        observed = live[ref.kind, str(ref.id)]
        if scope_deletes is None or not observed.known or named & _names(ref):
            kept.append(unmanaged)
        else:
            difference.changes.append(_delete(observed, scope_deletes, kinds))
    difference.unmanaged = kept


def _names(ref: ObjectRef) -> set[tuple[str, str]]:
    """How a declaration can name the object, wherever it stands."""
    names = {(ref.kind, f"id:{ref.id.casefold()}")} if ref.id else set[tuple[str, str]]()
    return names | ({(ref.kind, folded(ref.display_name))} if ref.display_name else set())


def _delete(observed: Observed, scope: Deleting, kinds: Kinds) -> Change:
    kind = kinds.named(observed.ref.kind)
    change = Change(
        action="delete",
        object=observed.ref,
        parents=observed.parents,
        reason=reason(UNMANAGED),
        fields=lost(observed.properties),
        precondition=Precondition(exists=True, fingerprint=fingerprint(kind, observed)),
        source=scope.place,
        last_modified_at=observed.last_modified_at,
        last_modified_by=observed.last_modified_by,
    )
    if kind.api.delete is None:
        return blocked(change, reason("delete_not_offered"))
    return blocked(change, scope.problem) if scope.problem else change


def blocked_until_settled(
    changes: Sequence[Change], deleting: Mapping[Key, Deleting]
) -> list[Change]:
    """The changes, with the deletes of unmanaged objects blocked in every scope in which another
    change is blocked: what it would name may be among them.
    """
    unsettled = {
        change.scope.key
        for change in changes
        if change.action == "blocked" and not _is_of_scope(change, deleting)
    }
    return [
        blocked(change, reason("catalog_not_settled"))
        if change.reason.code == UNMANAGED and change.scope.key in unsettled
        else change
        for change in changes
    ]


def _is_of_scope(change: Change, deleting: Mapping[Key, Deleting]) -> bool:
    """True for the delete of an unmanaged object: it is placed at the line of its document."""
    scope = deleting.get(change.scope.key)
    return scope is not None and change.source == scope.place
