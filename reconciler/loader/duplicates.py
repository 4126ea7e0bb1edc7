"""Objects that are declared twice, and names that only look alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.format import noun
from reconciler.loader.scopes import Reference, by_header, in_order, reference
from reconciler.model.appearance import appearance
from reconciler.model.declaration_keys import Key, conflicting_keys, occupied_keys
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.fault import quoted
from reconciler.model.kind import Kinds
from reconciler.model.names import folded
from reconciler.model.objects import DesiredScope, Parents


@dataclass(frozen=True, slots=True)
class _Named:
    """A declared object: its kind, its parents, how it is named, and where."""

    kind: str
    parents: Parents
    id: str | None
    display_name: str | None
    source: SourceLocation

    @property
    def where(self) -> tuple[str, tuple[Reference, ...]]:
        """Two of one name are only the same object if this is equal."""
        return self.kind, tuple(map(reference, self.parents))


def duplicates(documents: Iterable[DeclaredDocument], kinds: Kinds) -> list[Diagnostic]:
    """R207 for every object that is declared before in its parent, by id or by name, with the first
    place. What has parents inside of its outermost one is compared by `inner_duplicates`.
    """
    return _repeated(
        _Named(each.kind, each.parents, each.pinned_id, each.display_name, each.source)
        for document in documents
        for each in (document.declarations if document.header else ())
        if len(kinds.named(each.kind).parents) < 2
    )


def second_documents(documents: Iterable[DeclaredDocument]) -> Iterator[Diagnostic]:
    """R214 for each `unmanaged: delete` whose parent is declared in another document too."""
    for group in by_header(documents).values():
        for document in group:
            if document.deletes_unmanaged is not None and len(group) > 1:
                other = next(each.source for each in group if each is not document)
                parent = document.header.kind if document.header else ""
                message = (
                    f"`unmanaged: delete` needs one document for the {noun(parent)}, and there is"
                    f" another one at {other.file}:{other.line}."
                )
                hint = "Move all declarations into one document."
                yield Diagnostic("R214", "error", message, hint, document.deletes_unmanaged)


def inner_duplicates(scopes: Iterable[DesiredScope], kinds: Kinds) -> list[Diagnostic]:
    """The same for objects with several parents, which only their kind can name. One that is only
    found can be declared in parts.
    """
    return _repeated(
        _Named(each.ref.kind, each.parents, each.ref.id, each.ref.display_name, each.source)
        for scope in scopes
        for each in scope.objects
        if len(each.parents) > 1 and not kinds.named(each.ref.kind).is_foreign
    )


def _repeated(objects: Iterable[_Named]) -> list[Diagnostic]:
    repeated = []
    first: dict[tuple[object, Key], SourceLocation] = {}
    for named in sorted(objects, key=lambda named: in_order(named.source)):
        for key in conflicting_keys(named.id, named.display_name):
            if (named.where, key) in first:
                repeated.append(_duplicate(named, key, first[named.where, key]))
                break
        for key in occupied_keys(named.id, named.display_name):
            first.setdefault((named.where, key), named.source)
    return repeated


def _duplicate(named: _Named, key: Key, first: SourceLocation) -> Diagnostic:
    where = f" in its {noun(named.parents[-1].kind)}" if named.parents else ""
    if key[0] == "id":
        what, correction = f"The id {quoted(key[1])}", "correct its `id`"
    else:
        what = f"The {noun(named.kind)} {quoted(named.display_name or '')}"
        correction = "rename it (names are compared ignoring case), or give each its own `id`"
    message = f"{what} is declared twice{where}, first at {first.file}:{first.line}."
    return Diagnostic(
        "R207", "error", message, f"Remove one of them, or {correction}.", named.source
    )


def look_alikes(documents: Iterable[DeclaredDocument]) -> list[Diagnostic]:
    """R216 for every name that looks like an earlier one, of another object of its kind in the same
    parent, or of another parent.
    """
    warnings: list[Diagnostic] = []
    first: dict[tuple[object, str], tuple[str, SourceLocation]] = {}
    for where, kind, name, source in _names(documents):
        first_name, place = first.setdefault((where, appearance(name)), (name, source))
        if folded(name) != folded(first_name):
            warnings.append(_look_alike(noun(kind), name, source, (first_name, place)))
    return warnings


def _names(
    documents: Iterable[DeclaredDocument],
) -> Iterator[tuple[object, str, str, SourceLocation]]:
    """The names that must not look alike: where, of which kind, the name, its place."""
    for parent, group in by_header(documents).items():
        header = group[0].header
        if header is not None and header.display_name is not None:
            yield header.kind, header.kind, header.display_name, group[0].source
        inside = [each for document in group for each in document.declarations if each.parents]
        for each in sorted(inside, key=lambda each: in_order(each.source)):
            if each.display_name is not None:
                yield (parent, each.kind), each.kind, each.display_name, each.source


def _look_alike(
    kind: str, name: str, source: SourceLocation, first: tuple[str, SourceLocation]
) -> Diagnostic:
    first_name, place = first
    message = (
        f"The {kind} {quoted(name)} looks like {quoted(first_name)} at {place.file}:{place.line};"
        " the names differ only in invisible characters."
    )
    hint = (
        f"If both are the same {kind}, write the name identically; otherwise use visibly different"
        " names."
    )
    return Diagnostic("R216", "warning", message, hint, source)
