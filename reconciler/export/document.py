"""The declarable objects of one outermost parent → its document, as JSON and as YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from reconciler.declarable.defaults import beside, defaults_of, shared
from reconciler.declarable.live import Declarable
from reconciler.declarable.written import Written, as_mapping
from reconciler.declarable.yaml_text import STEP, block, object_text, scalar
from reconciler.loader.declared import declared
from reconciler.loader.format import DEFAULTS, DocumentFormat
from reconciler.loader.variables import escaped
from reconciler.model.export import ExportedDocument
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.kind import Kind
from reconciler.model.objects import ObjectRef
from reconciler.render.escape import visible
from reconciler.yaml import read_documents

Entries: TypeAlias = "dict[str, JsonObject]"
"""The objects of one list by their live ids: what each declares besides the defaults."""


def address_of(parent: ObjectRef, document_format: DocumentFormat, *, unique: bool) -> JsonValue:
    """How a file names the parent: by its name if that is unique, otherwise by its id; None if it
    cannot.
    """
    name, by_id = parent.display_name, cast("JsonValue", {"id": parent.id})
    named = unique and name is not None and name == name.strip()
    addresses = [name, by_id] if named else [by_id]
    accepted = (each for each in addresses if _is_accepted(parent.kind, each, document_format))
    return next(accepted, None)


def _is_accepted(header: str, address: JsonValue, document_format: DocumentFormat) -> bool:
    """True if the loader accepts this as the header of a document."""
    text = (
        f"{_header_lines(header, address, '')}{_empty_list(header, document_format).plural}: []\n"
    )
    nodes, faults = read_documents(text, document_format.hints)
    return not faults and not declared(nodes[0], "", document_format)[1]


def _empty_list(header: str, document_format: DocumentFormat) -> Kind:
    """The kind of the list that a document without objects has."""
    return next(iter(document_format.lists_under(header).values()))


def _header_lines(header: str, address: JsonValue, comment: str) -> str:
    note = f" # {comment}\n" if comment else "\n"
    if not isinstance(address, dict):
        return f"{header}: {scalar(address)}{note}"
    if address.keys() == {"id"}:
        return f"{header}:\n  id: {scalar(address['id'])}{note}"
    lines = (f"{line}\n" for line, _ in block(address, STEP))
    return f"{header}:{note}{''.join(lines)}"


def document(
    parent: ObjectRef,
    address: JsonValue,
    objects: Sequence[Declarable],
    document_format: DocumentFormat,
) -> ExportedDocument:
    """The document that declares these objects, what they share as `defaults`. The address is a
    name, an id, or the whole parent.
    """
    bodies = [
        (document_format.kinds.named(declarable.live.ref.kind), declarable.live.id, body)
        for declarable in objects
        if (body := declarable.body) is not None
    ]
    defaults = shared([(kind.fields, body) for kind, _, body in bodies])
    lists: dict[str, Entries] = {}
    for kind, live_id, body in bodies:
        own = beside(defaults_of(kind.fields, defaults), body)
        lists.setdefault(kind.name, {})[live_id] = as_mapping(own)
    if not lists:
        lists = {_empty_list(parent.kind, document_format).name: {}}
    by_plural = {
        document_format.kinds.named(name).plural: entries for name, entries in lists.items()
    }
    return ExportedDocument(
        parent,
        _content(parent.kind, address, defaults, by_plural),
        _text(parent, address, defaults, by_plural),
        {name: len(entries) for name, entries in lists.items()},
    )


def _content(
    header: str, address: JsonValue, defaults: Written, lists: Mapping[str, Entries]
) -> JsonObject:
    content: JsonObject = {header: address}
    if defaults:
        content[DEFAULTS] = as_mapping(defaults)
    for plural, entries in lists.items():
        content[plural] = [*entries.values()]
    return cast("JsonObject", _escaped(content))


def _text(
    parent: ObjectRef, address: JsonValue, defaults: Written, lists: Mapping[str, Entries]
) -> str:
    by_id = isinstance(address, dict) and [*address] == ["id"]
    known_as = parent.display_name or "" if by_id else f"id {parent.id}"
    parts = [_header_lines(parent.kind, address, visible(known_as))]
    if defaults:
        lines = (line for line, _ in block(as_mapping(defaults), STEP))
        parts.append(f"{DEFAULTS}:\n" + "".join(f"{line}\n" for line in lines))
    for plural, entries in lists.items():
        written = [object_text(live_id, own, STEP) for live_id, own in entries.items()]
        parts.append(f"{plural}:\n" + "\n".join(written) if written else f"{plural}: []\n")
    return "\n".join(parts)


def _escaped(value: JsonValue) -> JsonValue:
    """The value as a file must write it, in JSON too: `$${` for `${`."""
    if isinstance(value, dict):
        return {name: _escaped(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_escaped(member) for member in value]
    return escaped(value) if isinstance(value, str) else value
