"""The header of a document: which object everything in it belongs to (`catalog: Marketing`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from reconciler.loader.format import DocumentFormat, declares_itself, noun
from reconciler.loader.names import MERGE_KEY, missing
from reconciler.loader.value_rules import blank_fault
from reconciler.model.appearance import appearance
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.fault import Fault, fault_at
from reconciler.model.kind import Declaration, Kind
from reconciler.model.nodes import Entry, Mapping, Node, member, text_of
from reconciler.model.objects import ObjectRef
from reconciler.model.wording import listed, nearest


@dataclass(frozen=True, slots=True)
class Header:
    """The kind of the header, its value, and the object that it names; None if that is invalid."""

    kind: Kind
    value: Node
    ref: ObjectRef | None


def header_of(
    document: Node, document_format: DocumentFormat, invalid: Collection[Node]
) -> Header | None:
    """The header of the document; None if there is none, the first if there are several."""
    for name, entry in _headers(document, document_format):
        kind = document_format.headers[name]
        return Header(kind, entry.value, _ref(name, entry.value, invalid))
    return None


def _headers(document: Node, document_format: DocumentFormat) -> list[tuple[str, Entry]]:
    entries = document.entries if isinstance(document, Mapping) else {}
    return [(name, entry) for name, entry in entries.items() if name in document_format.headers]


def _ref(kind: str, value: Node, invalid: Collection[Node]) -> ObjectRef | None:
    """The object by its name alone, or by id or name in a mapping."""
    object_id = valid_text(member(value, "id"), invalid)
    name = valid_text(member(value, "displayName"), invalid) or valid_text(value, invalid)
    if object_id is None and name is None:
        return None
    return ObjectRef(kind, object_id.lower() if object_id else None, name)


def valid_text(node: Node | None, invalid: Collection[Node]) -> str | None:
    """The text of a valid scalar with visible characters; None for other nodes."""
    text = None if node in invalid else text_of(node)
    return text if text and appearance(text) else None


def own_declaration(header: Header, file: str) -> Declaration | None:
    """What the header declares of its own object; None if it only names the object.

    A mapping with `displayName` declares the object, if its kind can be created.
    """
    written = header.value
    if header.ref is None or header.ref.display_name is None or not declares_itself(header.kind):
        return None
    if not isinstance(written, Mapping):
        return None
    return Declaration(
        kind=header.kind.name,
        written=written,
        merged=written,
        defaults=None,
        parents=(),
        source=SourceLocation(file, written.line, written.column),
        display_name=header.ref.display_name,
        pinned_id=header.ref.id,
    )


def header_faults(
    document: Node,
    document_format: DocumentFormat,
    header: Header | None,
    invalid: Collection[Node],
) -> Iterator[Fault]:
    """R105 for a header of invisible characters, and R103 for one that declares an object without a
    name, or a document that declares nothing. Where documents can have different headers, R101 and
    R103: there must be one, and the lists must belong to it.
    """
    if header is None:
        yield from _missing_faults(document, document_format)
        return
    yield from blank_fault(header.kind.name, header.value, invalid)
    yield from blank_fault("displayName", member(header.value, "displayName"), invalid)
    yield from _nameless_fault(header)
    yield from _without_list(document, document_format, header)
    for name, entry in _headers(document, document_format)[1:]:
        message = f"`{name}` is not allowed in a document with `{header.kind.name}`."
        yield fault_at(entry, "R101", message, "Write two documents, with `---` between them.")
    allowed = document_format.lists_under(header.kind.name)
    for name, entry in document.entries.items() if isinstance(document, Mapping) else ():
        if name in document_format.lists and name not in allowed:
            message = f"`{name}` is not allowed in a document with `{header.kind.name}`."
            parent = document_format.lists[name].parents[0]
            yield fault_at(entry, "R101", message, f"Move it to a document with `{parent}`.")


def _nameless_fault(header: Header) -> Iterator[Fault]:
    """R103 for a mapping that neither has a name nor is `{id: <guid>}`."""
    name, value = header.kind.name, header.value
    if isinstance(value, Mapping) and set(value.entries) != {"id"}:
        known = ("id", *header.kind.fields.top)
        for absent in missing(value.entries, ("displayName",), known):
            message = f"`{absent}` is missing in `{name}`."
            hint = f"Add it; or write `{name}: {{id: <guid>}}` for one that exists."
            yield fault_at(value, "R103", message, hint)


def _without_list(
    document: Node, document_format: DocumentFormat, header: Header
) -> Iterator[Fault]:
    """R103 for a document without a list whose header only names its object."""
    lists = tuple(document_format.lists_under(header.kind.name))
    if not isinstance(document, Mapping) or _is_declaration(header):
        return
    absent = missing(document.entries, lists, document_format.schema.properties)
    if lists and len(absent) == len(lists):
        message = f"{listed(lists, 'or')} is missing in the document."
        hint = f"Add {listed(lists, 'or')}"
        if declares_itself(header.kind):
            name = header.kind.name
            hint += f", or declare the {noun(name)} itself: `{name}: {{displayName: …}}`"
        yield fault_at(document, "R103", message, f"{hint}.")


def _is_declaration(header: Header) -> bool:
    """True for a mapping with more than an id, if the kind can be created."""
    entries = header.value.entries if isinstance(header.value, Mapping) else {}
    return declares_itself(header.kind) and bool(entries.keys() - {"id"})


def _missing_faults(document: Node, document_format: DocumentFormat) -> Iterator[Fault]:
    """R103 where the schema cannot require a header, because documents can have different ones."""
    names = tuple(document_format.headers)
    entries = document.entries if isinstance(document, Mapping) else {}
    misspelled = MERGE_KEY in entries or any(nearest(name, names) for name in entries)
    if len(names) > 1 and isinstance(document, Mapping) and not misspelled:
        message = f"{listed(names, 'or')} is missing in the document."
        yield fault_at(document, "R103", message, "Add one of them.")
