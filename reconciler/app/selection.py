"""Which catalogs `--catalog` selects."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import UsageError
from reconciler.model.names import GUID, folded
from reconciler.model.objects import DesiredScope, ObjectRef, ObservedScope
from reconciler.model.wording import similar_names


def may_be_selected(
    desired: Sequence[DesiredScope], names: Sequence[str]
) -> Sequence[DesiredScope]:
    """The declared scopes that the names may select: one declared by id may have the name, and the
    reverse.
    """
    requested = {folded(name) for name in names}
    by_id = any(GUID.fullmatch(name) for name in names)
    if not names or by_id:
        return desired
    return [
        declared
        for declared in desired
        if (declared.parent and declared.parent.id) or _names(declared.parent) & requested
    ]


def select_read(
    pairs: Sequence[tuple[DesiredScope, ObservedScope]],
    names: Sequence[str],
    declared: Sequence[DesiredScope],
) -> Sequence[tuple[DesiredScope, ObservedScope]]:
    """The scopes, once read, that the names select by display name or id; all without a name.

    One that could not be read, so that its name or its id is unknown, is selected too.

    Raises:
        UsageError: no declared scope has the name.
    """
    requested = {folded(name) for name in names}
    known_names = set[str]().union(*(_names(observed.parent) for _, observed in pairs))
    unknown = [name for name in names if folded(name) not in known_names]
    if unknown:
        known = ", ".join(sorted(str(scope.parent) for scope in declared if scope.parent))
        raise UsageError(
            f"No file declares a catalog named {', '.join(unknown)}.", hint=f"Declared: {known}."
        )
    if not names:
        return pairs
    return [
        (desired, observed)
        for desired, observed in pairs
        if _names(observed.parent) & requested or _half_known(observed)
    ]


def select_live(every: Sequence[ObjectRef], names: Sequence[str]) -> Sequence[ObjectRef]:
    """The parents in the tenant that the names select by display name or id; all without a name.

    Raises:
        UsageError: none has the name.
    """
    requested = {folded(name) for name in names}
    known = {name: ref for ref in every for name in _names(ref)}
    unknown = [name for name in names if folded(name) not in known]
    if unknown:
        raise UsageError(
            f"No catalog named {', '.join(unknown)} in this tenant.", hint=_hint(unknown, known)
        )
    return [ref for ref in every if not names or _names(ref) & requested]


def _hint(unknown: Sequence[str], known: dict[str, ObjectRef]) -> str:
    close: list[str] = []
    for name in unknown:
        close += similar_names(folded(name), known)
    near = ", ".join(dict.fromkeys(str(known[name]) for name in close))
    return f"Did you mean {near}?" if near else "Without --catalog, every catalog is exported."


def _half_known(observed: ObservedScope) -> bool:
    parent = observed.parent
    if parent is None or observed.read != "unreadable":
        return False
    return None in (parent.id, parent.display_name)


def _names(ref: ObjectRef | None) -> set[str]:
    if ref is None:
        return set()
    return {folded(name) for name in (ref.id, ref.display_name) if name}
