"""Blocks, to a fixed point, what depends on a blocked change: a plan shows nothing that apply would
then skip because of another blocked change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from reconciler.diff.references import Key, parents_key, within
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason

Identity = tuple[Key, Key]


def identity(ref: ObjectRef, parents: Parents) -> Identity:
    """What two mentions of one object in these parents have in common."""
    return ref.key, parents_key(parents)


def dependencies(
    change: Change, renamed: Collection[tuple[str, str]] = ()
) -> Iterator[tuple[ObjectRef, Parents]]:
    """The objects that must be as planned before this change: the parents that this plan creates,
    what it refers to, and what has its new name.

    A parent that exists contains the object whatever becomes of its own change; but of the parents
    with these keys, a file says that they are `renamed`, and addresses them by their new names. A
    reference names an object in the same parents, in the outer ones, or in the tenant.
    """
    for number, parent in enumerate(change.parents):
        if parent.id is None or parent.key in renamed:
            yield parent, change.parents[:number]
    for row in change.fields:
        if isinstance(row.after, ObjectRef):
            yield from ((row.after, parents) for parents in within(change.parents))
    for object_id in change.freed_by:
        yield ObjectRef(change.kind, object_id, None), change.parents


def blocked(change: Change, why: Reason) -> Change:
    """The change, blocked: it has no rows and nothing to check."""
    return replace(change, action="blocked", reason=why, fields=(), precondition=None)


def blocked_with_others(
    changes: Sequence[Change], renamed: Collection[tuple[str, str]] = ()
) -> list[Change]:
    """The changes; each is blocked whose parent, or what it refers to, or what has its new name, is
    blocked. `renamed`: see `dependencies`.
    """
    current = list(changes)
    while True:
        stopped = {
            identity(change.object, change.parents)
            for change in current
            if change.action == "blocked"
        }
        settled = [_blocked_if_dependent(change, stopped, renamed) for change in current]
        if settled == current:
            return settled
        current = settled


def _blocked_if_dependent(
    change: Change, stopped: set[Identity], renamed: Collection[tuple[str, str]]
) -> Change:
    if change.action == "blocked":
        return change
    for ref, parents in dependencies(change, renamed):
        if identity(ref, parents) in stopped:
            return blocked(change, _why(ref, change))
    return change


def _why(ref: ObjectRef, change: Change) -> Reason:
    if ref in change.parents:
        return reason("parent_blocked")
    if ref.id in change.freed_by:
        return reason("name_not_freed", id=ref.id)
    return reason("depends_on_blocked", other_kind=ref.kind, name=str(ref))


def in_order_of_renames(changes: Sequence[Change]) -> list[Change]:
    """The changes in order, but each right after those in its scope that free its new name."""
    by_id = {(change.scope.key, change.kind, change.object.id): change for change in changes}
    ordered: dict[int, Change] = {}
    for change in changes:
        chain = {id(change): change}
        last: Sequence[Change] = [change]
        while last:
            keys = [
                (each.scope.key, each.kind, object_id)
                for each in last
                for object_id in each.freed_by
            ]
            last = [by_id[key] for key in keys if key in by_id and id(by_id[key]) not in chain]
            chain |= {id(each): each for each in last}
        for key, each in reversed(chain.items()):
            ordered.setdefault(key, each)
    return list(ordered.values())
