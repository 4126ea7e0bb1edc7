"""The writes of one scope in their order: creates and updates first, deletes last.

Most changes are one write. A replacement is two: its create stands with the creates, its delete
with the deletes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.kind import Kind, Kinds
from reconciler.model.plan import Change, FieldChange, Precondition


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a planned change. `write` is what it does: a create, an update or a delete.

    `delete_after`: the delete that follows a create; its object must be as planned already before
    the create.
    """

    change: Change
    write: Change
    delete_after: Change | None = None


def steps(changes: Sequence[Change], kinds: Kinds) -> list[Step]:
    """The steps of the changes, which are in the order of work; deletes run the other way round."""
    deleting = [change for change in changes if change.removes]
    deleting.sort(key=lambda change: -kinds.order(change.kind))
    last = [Step(change, _delete(change)) for change in deleting]
    return [*_first(changes, kinds), *last]


def _first(changes: Sequence[Change], kinds: Kinds) -> Iterator[Step]:
    for change in changes:
        if change.action == "replace":
            create = _create(change, kinds.named(change.kind))
            yield Step(change, create, delete_after=_delete(change))
        elif change.action != "delete":
            yield Step(change, change)


def _create(change: Change, kind: Kind) -> Change:
    """The create of a replacement, with the old object beside it under the same name."""
    rows = tuple(
        FieldChange(row.path, None, row.after)
        for row in change.fields
        if row.after is not None or _is_cleared(row, change, kind)
    )
    return replace(
        change,
        action="create",
        object=replace(change.object, id=None),
        fields=rows,
        precondition=Precondition(exists=False, namesakes=(str(change.object.id),)),
    )


def _is_cleared(row: FieldChange, change: Change, kind: Kind) -> bool:
    """True for a null that is declared: neither computed, nor of the old type only."""
    return not row.computed and kind.fields.has(change.object.type, row.path)


def _delete(change: Change) -> Change:
    """The delete of a change; of a replacement it is the old object's."""
    if change.action == "delete":
        return change
    rows = tuple(replace(row, after=None) for row in change.fields if row.before is not None)
    return replace(change, action="delete", fields=rows)
