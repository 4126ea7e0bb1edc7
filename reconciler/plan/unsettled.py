"""Blocks what an earlier run may still be changing: it sent a write whose result is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.diff.changes import Diff
from reconciler.model.names import folded
from reconciler.model.objects import Desired, ObjectRef, Parents
from reconciler.model.plan import Change, UnsettledWrite
from reconciler.model.reason import Reason
from reconciler.model.secrets import mask
from reconciler.plan.dependencies import blocked


def blocked_if_unsettled(
    changes: Iterable[Change], unsettled: Sequence[UnsettledWrite]
) -> list[Change]:
    """The changes; those of an object with an unsettled write are blocked."""
    return [_blocked_if_unsettled(change, unsettled) for change in changes]


def hold_unsettled(difference: Diff, unsettled: Sequence[UnsettledWrite]) -> None:
    """Blocks the changes, and what is declared and unchanged too: another object of its name may
    show later.
    """
    difference.changes = blocked_if_unsettled(difference.changes, unsettled)
    unchanged: list[Desired] = []
    for desired in difference.unchanged:
        why = _why(desired.ref, desired.parents, unsettled)
        if why is None:
            unchanged.append(desired)
        else:
            change = Change("blocked", desired.ref, desired.parents, why, source=desired.source)
            difference.changes.append(change)
    difference.unchanged = unchanged


def _blocked_if_unsettled(change: Change, unsettled: Sequence[UnsettledWrite]) -> Change:
    if change.action == "blocked":
        return change
    why = _why(change.object, change.parents, unsettled)
    return change if why is None else blocked(change, why)


def _why(ref: ObjectRef, parents: Parents, unsettled: Sequence[UnsettledWrite]) -> Reason | None:
    about = (write.reason for write in unsettled if _is_about(write, ref, parents))
    return next(about, None)


def _is_about(write: UnsettledWrite, ref: ObjectRef, parents: Parents) -> bool:
    """True for the object itself and for others of its name, old or new, in the same parents."""
    if write.object.kind != ref.kind or len(write.parents) != len(parents):
        return False
    is_same = write.object.id is not None and write.object.id == ref.id
    in_same = all(map(_is_same_parent, write.parents, parents))
    return in_same and (is_same or _have_one_name(write.object, ref))


def _is_same_parent(sent: ObjectRef, parent: ObjectRef) -> bool:
    if sent.id is not None and parent.id is not None:
        return sent.id == parent.id
    return _have_one_name(sent, parent)


def _have_one_name(sent: ObjectRef, ref: ObjectRef) -> bool:
    """True if the names are equal; in a journal names are masked like any other text."""
    return folded(sent.display_name) == folded(mask(ref.display_name or ""))
