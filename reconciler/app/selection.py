"""Which catalogs `--catalog` selects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

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
    chosen = [scope for scope in desired if _may_have(scope.parent, requested)]
    return [*_declaring(chosen, desired), *chosen]


def select_read(
    pairs: Sequence[tuple[DesiredScope, ObservedScope]],
    names: Sequence[str],
    declared: Sequence[DesiredScope],
) -> Sequence[tuple[DesiredScope, ObservedScope]]:
    """The scopes, once read, that the names select by id, or by declared or live display name; all
    without a name. What declares their parents is selected with them.

    One that could not be read, so that its name or its id is unknown, is selected too.

    Raises:
        UsageError: no declared scope has the name.
    """
    requested = {folded(name) for name in names}
    _refuse_undeclared(names, set().union(*map(_names_of_pair, pairs)), declared)
    if not names:
        return pairs
    chosen = [pair for pair in pairs if _names_of_pair(pair) & requested or _half_known(pair[1])]
    parents = [scope for scope, _ in chosen]
    declaring = [
        (part, observed) for scope, observed in pairs for part in _declaring(parents, [scope])
    ]
    return [*declaring, *chosen]


def select_declared(
    declared: Sequence[DesiredScope], names: Sequence[str]
) -> Sequence[DesiredScope]:
    """The declared scopes that the names select, by id or display name as the files give it; all
    without a name.

    Raises:
        UsageError: no declared scope has the name.
    """
    requested = {folded(name) for name in names}
    _refuse_undeclared(names, set().union(*(_names(scope.parent) for scope in declared)), declared)
    return [scope for scope in declared if not names or _names(scope.parent) & requested]


def select_planned(
    declared: Sequence[DesiredScope], parents: Sequence[ObjectRef]
) -> Sequence[DesiredScope]:
    """The declared scopes of these parents of a plan, by id or by declared or live display name."""
    names = set[str]().union(*map(_names, parents))
    return [scope for scope in declared if _names(scope.parent) & names]


def _refuse_undeclared(
    names: Sequence[str], known: Collection[str], declared: Sequence[DesiredScope]
) -> None:
    """Returns if every name is known.

    Raises:
        UsageError: one is not.
    """
    unknown = [name for name in names if folded(name) not in known]
    if unknown:
        every = ", ".join(sorted(str(scope.parent) for scope in declared if scope.parent))
        raise UsageError(
            f"No file declares a catalog named {', '.join(unknown)}.", hint=f"Declared: {every}."
        )


def _declaring(
    chosen: Sequence[DesiredScope], desired: Sequence[DesiredScope]
) -> Iterator[DesiredScope]:
    """What these scopes declare in the tenant: the parents of the chosen ones."""
    keys = {scope.parent.key for scope in chosen if scope.parent}
    for scope in desired:
        objects = tuple(declared for declared in scope.objects if declared.ref.key in keys)
        if scope.parent is None and objects:
            yield replace(scope, objects=objects)


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


def _may_have(parent: ObjectRef | None, requested: set[str]) -> bool:
    """True if the parent may have one of the names."""
    return parent is not None and (parent.id is not None or bool(_names(parent) & requested))


def _names_of_pair(pair: tuple[DesiredScope, ObservedScope]) -> set[str]:
    """The ids and the names, declared and live, of the parent."""
    declared, observed = pair
    return _names(declared.parent) | _names(observed.parent)


def _half_known(observed: ObservedScope) -> bool:
    parent = observed.parent
    if parent is None or observed.read != "unreadable":
        return False
    return None in (parent.id, parent.display_name)


def _names(ref: ObjectRef | None) -> set[str]:
    if ref is None:
        return set()
    return {folded(name) for name in (ref.id, ref.display_name) if name}
