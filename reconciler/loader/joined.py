"""Documents of one object, which may name it in several ways and declare parts of it each → the
same name in all of them, and one declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.format import json_types, noun
from reconciler.loader.scopes import by_header
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.fault import quoted
from reconciler.model.kind import Declaration, Kind, Kinds
from reconciler.model.names import folded
from reconciler.model.nodes import Entry, Mapping, data_of
from reconciler.model.objects import ObjectRef

Ids = dict[tuple[str, str], set[str]]
"""Kind and folded name → the ids that headers give together with this name."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The documents, and R215 for every member that two of them give different values."""

    documents: tuple[DeclaredDocument, ...]
    diagnostics: tuple[Diagnostic, ...]


def joined(documents: Iterable[DeclaredDocument], kinds: Kinds) -> Joined:
    """The documents; those of one object have the same header, and the first one that declares the
    object has all that is declared of it.
    """
    named = with_ids(documents)
    joined_documents = [document for document in named if document.header is None]
    diagnostics: list[Diagnostic] = []
    for group in by_header(named).values():
        declarations = [own for document in group for own in document.declarations if _is_own(own)]
        whole, faults = _merged(declarations, kinds)
        diagnostics += faults
        joined_documents += _sharing(group, whole)
    return Joined(tuple(joined_documents), tuple(diagnostics))


def with_ids(documents: Iterable[DeclaredDocument]) -> list[DeclaredDocument]:
    """The documents in the same order; a name stands for the id that one of them gives together
    with it. Under a rename that is the new name, which no live object has yet.
    """
    documents = list(documents)
    ids = _ids(documents)
    return [_identified(document, ids) for document in documents]


def _ids(documents: Iterable[DeclaredDocument]) -> Ids:
    ids: Ids = {}
    for header in (document.header for document in documents):
        if header is not None and header.id and header.display_name:
            ids.setdefault(_name(header), set()).add(header.id)
    return ids


def _name(ref: ObjectRef) -> tuple[str, str]:
    return ref.kind, folded(ref.display_name)


def _identified(document: DeclaredDocument, ids: Ids) -> DeclaredDocument:
    header = _with_id(document.header, ids)
    return replace(_under(document, header), by_new_name=header != document.header)


def _with_id(header: ObjectRef | None, ids: Ids) -> ObjectRef | None:
    """The header with the one id of its name; as it is if there is none, or several."""
    if header is None or header.id is not None:
        return header
    of_name = ids.get(_name(header), set())
    return replace(header, id=next(iter(of_name))) if len(of_name) == 1 else header


def _under(document: DeclaredDocument, header: ObjectRef | None) -> DeclaredDocument:
    """The document with this header, and with it as the outermost parent."""
    if header is None or header == document.header:
        return document
    declarations = [
        replace(each, parents=(header, *each.parents[1:])) if each.parents else each
        for each in document.declarations
    ]
    return replace(document, header=header, declarations=tuple(declarations))


def _is_own(declaration: Declaration) -> bool:
    """True if the header declares it, not a list."""
    return not declaration.parents


def _sharing(
    group: Sequence[DeclaredDocument], whole: Declaration | None
) -> Iterable[DeclaredDocument]:
    """The documents of one object, with its declaration in the first one that declared it."""
    header = group[0].header
    if header is not None:
        names = [document.header.display_name for document in group if document.header]
        name = whole.display_name if whole else next(filter(None, names), None)
        header = replace(header, display_name=name)
    waiting = whole
    for document in group:
        declares = any(map(_is_own, document.declarations))
        own = [replace(waiting, pinned_id=header.id)] if waiting and header and declares else []
        waiting = None if own else waiting
        others = [each for each in document.declarations if not _is_own(each)]
        yield _under(replace(document, declarations=(*own, *others)), header)


def _merged(
    declarations: Sequence[Declaration], kinds: Kinds
) -> tuple[Declaration | None, list[Diagnostic]]:
    """The members of all declarations, the first value of each; and R215 for every other value."""
    if not declarations:
        return None, []
    first, *others = declarations
    kind = kinds.named(first.kind)
    entries = dict(first.written.entries)
    places = dict.fromkeys(entries, first.source.file)
    diagnostics: list[Diagnostic] = []
    for other in others:
        for name, entry in other.written.entries.items():
            earlier = entries.setdefault(name, entry)
            file = places.setdefault(name, other.source.file)
            # Of `id`, which is the same in all of them, the case may differ.
            if name != "id" and _value(kind, name, earlier) != _value(kind, name, entry):
                place = SourceLocation(other.source.file, entry.line, entry.column)
                diagnostics.append(
                    _differing(first, name, place, SourceLocation(file, earlier.line))
                )
    written = Mapping(first.written.line, first.written.column, entries)
    return replace(first, written=written, merged=written), diagnostics


def _value(kind: Kind, name: str, entry: Entry) -> object:
    """The value such that equivalent values are equal."""
    value = data_of(entry.value, json_types(kind.fields), name)
    return kind.fields.canonical({name: value}) if name in kind.fields.top else value


def _differing(
    declaration: Declaration, name: str, place: SourceLocation, first: SourceLocation
) -> Diagnostic:
    title = f"the {noun(declaration.kind)} {quoted(declaration.display_name or '')}"
    message = f"`{name}` of {title} has another value at {first.file}:{first.line}."
    hint = "Write the same value in both places, or remove one of them."
    return Diagnostic("R215", "error", message, hint, place)
