"""Blocks the rename of an object that other declarations still address by its former name: after
the rename, that name would be of nothing, or of another object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.names import folded
from reconciler.model.objects import DesiredScope, ObjectRef, ObservedScope
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason
from reconciler.plan.dependencies import blocked

Key = tuple[str, str]
NONE: Key = ("", "")
"""The key of no object."""


def blocked_by_former_names(
    changes: Iterable[Change], pairs: Sequence[tuple[DesiredScope, ObservedScope]]
) -> list[Change]:
    """The changes; those of such an object, and of what it contains, are blocked."""
    reasons = _reasons(pairs)
    return [_blocked(change, reasons) for change in changes]


def _blocked(change: Change, reasons: Mapping[Key, Reason]) -> Change:
    why = reasons.get(change.scope.key)
    # To apply the other declaration first is no way out: it is what is blocked.
    has_other_reason = change.action == "blocked" and change.reason.code != "name_pinned_elsewhere"
    return change if why is None or has_other_reason else blocked(change, why)


def _reasons(pairs: Sequence[tuple[DesiredScope, ObservedScope]]) -> dict[Key, Reason]:
    """Why an object must not be renamed, by its key; and by its former name, for a declaration
    that would take that.
    """
    renamed = {
        declared.ref.key: declared.ref
        for desired, _ in pairs
        if desired.parent is None
        for declared in desired.objects
        if declared.ref.id is not None
    }
    reasons: dict[Key, Reason] = {}
    for desired, observed in pairs:
        address, new = desired.parent, renamed.get(observed.parent.key if observed.parent else NONE)
        if address is not None and new is not None and _is_former_name(address, new):
            place = f"{desired.source.file}:{desired.source.line}"
            names = {"former_name": str(address), "new_name": str(new)}
            why = reason("former_name_declared", **names, place=place)
            reasons |= {new.key: why, address.key: why}
    return reasons


def renamed_scopes(pairs: Iterable[tuple[DesiredScope, ObservedScope]]) -> set[Key]:
    """The keys of the scopes that a document addresses by a name alone that they do not have yet:
    until they have it, it may be the name of another object.
    """
    return {
        observed.parent.key
        for desired, observed in pairs
        if desired.by_new_name
        and desired.parent is not None
        and observed.parent is not None
        and folded(observed.parent.display_name) != folded(desired.parent.display_name)
    }


def _is_former_name(address: ObjectRef, new: ObjectRef) -> bool:
    """True if the address is another name than the new one."""
    if address.id is not None:
        return False
    return folded(address.display_name) != folded(new.display_name)
