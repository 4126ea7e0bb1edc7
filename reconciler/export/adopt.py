"""One drifted property of one extension → the splices that update its file, or why that is not
safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from reconciler.diff.compare import declared_rows
from reconciler.export.declarable import Declarable
from reconciler.export.defaults import beside
from reconciler.export.positions import Piece
from reconciler.export.sources import Document, is_variable
from reconciler.export.splices import Splice, added, removed, replaced
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.extension import Catalog, ExtensionRef
from reconciler.model.plan import Change, FieldChange
from reconciler.model.types import (
    ODATA_TYPE,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    JsonValue,
    Properties,
    short_type,
)

NULLABLE = ("timeoutInMilliseconds", "maximumRetries")
"""The members that can be written as null; any other member that no longer exists must be removed.
"""
_SHARED = "it is an alias, or has an anchor"


@dataclass(frozen=True, slots=True)
class NewExtension:
    """An unmanaged extension to append to a document: all that it `declares`, and its `body`
    without the defaults.
    """

    document: Document
    live_id: str
    declares: Properties
    body: Properties


@dataclass(frozen=True, slots=True)
class Adoption:
    """Changes of one file that belong together: splices or a new extension, and the edits to
    report.

    `refusal` says why there are none.
    """

    file: str
    edits: tuple[Edit, ...]
    splices: tuple[Splice, ...] = ()
    new: NewExtension | None = None
    refusal: str = ""


def new_extension(document: Document, catalog: Catalog, item: Declarable) -> Adoption:
    """A live extension to append to a document of its catalog; its line is known once it was
    written.
    """
    live = item.live
    ref = ExtensionRef(live.id, live.display_name or "", live.type)
    edits = (Edit(SourceLocation(document.file, document.piece.line + 1), catalog, ref),)
    declares = item.body or {}
    new = NewExtension(document, live.id, declares, beside(document.defaults, declares))
    return Adoption(document.file, edits, new=new)


def adoptions(
    change: Change, item: Declarable, documents: Sequence[Document], texts: Mapping[str, str]
) -> Iterator[Adoption]:
    """One for each drifted property of an extension; a configuration with all its members is one
    property.
    """
    source = change.source or SourceLocation("")
    document = next((document for document in documents if document.extension(source)), None)
    piece = document.extension(source) if document else None
    for name, group in groupby(declared_rows(change.fields), key=lambda row: row.path[0]):
        rows = list(group)
        edits = tuple(_edit(change, source, item, row) for row in rows)
        if document is None or piece is None:
            yield Adoption(source.file, edits, refusal=f"the extension cannot be edited: {_SHARED}")
            continue
        refusal = _why_undeclarable(item, name) or _why_shared(document, piece, rows)
        if refusal:
            yield Adoption(source.file, edits, refusal=refusal)
        else:
            splices = _spliced(document, texts[source.file], piece, item.body or {}, rows)
            yield Adoption(source.file, edits, tuple(splices))


def _edit(change: Change, source: SourceLocation, item: Declarable, row: FieldChange) -> Edit:
    return Edit(
        source,
        change.catalog,
        change.extension,
        row.path,
        row.after,
        _at(item.body or {}, row.path),
    )


def _at(body: Properties, path: Sequence[str]) -> JsonValue:
    value: JsonValue = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return short_type(value) if path[-1] == ODATA_TYPE and value is not None else value


def _why_undeclarable(item: Declarable, name: str) -> str:
    """Why the live value cannot be declared; "" if it can."""
    parts = (part for part in item.left_out if not part.path or part.path[0] == name)
    return next((f"the live value cannot be declared: {part.because}" for part in parts), "")


def _why_shared(document: Document, extension: Piece, rows: Sequence[FieldChange]) -> str:
    """Why an edit would change more than this extension, or lose a variable; "" if it would not."""
    name, defaults = rows[0].path[0], document.piece.member("defaults")
    own, default = extension.member(name), defaults.member(name) if defaults else None
    members = [_member(piece, row.path) for row in rows for piece in (own, default) if piece]
    written = [piece for piece in (own, default, *members) if piece]
    if any(piece.fixed for piece in written if piece is not default):
        return f"the value cannot be edited: {_SHARED}"
    if any(is_variable(piece) for piece in written if piece.text is not None):
        return "the value comes from a variable"
    return ""


def _member(piece: Piece, path: Sequence[str]) -> Piece | None:
    return piece.member(_named(piece, path[1])) if len(path) > 1 else None


def _spliced(
    document: Document, text: str, extension: Piece, body: Properties, rows: Sequence[FieldChange]
) -> Iterator[Splice]:
    name = rows[0].path[0]
    own, value = extension.member(name), body.get(name)
    members = [row.path[1] for row in rows if row.path[1:]]
    if own is None:
        yield from added(text, extension, name, _beside(document, name, value, members))
    elif own.entries is None or not isinstance(value, dict):
        yield from replaced(text, extension, name, value)
    else:
        for member in members:
            yield from _member_spliced(text, own, _named(own, member), value.get(member))


def _beside(document: Document, name: str, value: JsonValue, members: Sequence[str]) -> JsonValue:
    """What an extension without this configuration must declare, to override the default."""
    if not isinstance(value, dict):
        return value
    own = beside({name: document.defaults.get(name)}, {name: value}).get(name)
    # Without members the default is null, and all of it differs.
    if isinstance(own, dict) and ODATA_TYPE not in own and members:
        return {member: content for member, content in own.items() if member in members}
    return own


def _member_spliced(text: str, own: Piece, name: str, value: JsonValue) -> Sequence[Splice]:
    declarable_value = value is not None or name in NULLABLE
    if own.member(name) is not None:
        return replaced(text, own, name, value) if declarable_value else removed(text, own, name)
    return added(text, own, name, value) if declarable_value else ()


def _named(piece: Piece, member: str) -> str:
    """The name that the mapping uses for the member: the callback timeout has two."""
    return (
        TIMEOUT_IN_DOCUMENTS if member == TIMEOUT and piece.member(TIMEOUT_IN_DOCUMENTS) else member
    )
