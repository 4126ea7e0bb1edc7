"""One drifted property of one extension → the splices that bring its file to what is live, or why that is not safe."""

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
from reconciler.model.types import ODATA_TYPE, TIMEOUT, TIMEOUT_IN_DOCUMENTS, JsonValue, Properties, short_type

NULLABLE = ("timeoutInMilliseconds", "maximumRetries")
"""The members that can be written as null; another one that is not live any more has to go."""
_SHARED = "it is an alias, or repeated elsewhere by one"


@dataclass(frozen=True, slots=True)
class NewExtension:
    """An unmanaged extension at the end of a document: all that it `declares`, and `body` beside the defaults there."""

    document: Document
    live_id: str
    declares: Properties
    body: Properties


@dataclass(frozen=True, slots=True)
class Adoption:
    """What belongs together in one file: the splices or the new extension, and the edits to report.

    `refusal` says why there is neither.
    """

    file: str
    edits: tuple[Edit, ...]
    splices: tuple[Splice, ...] = ()
    new: NewExtension | None = None
    refusal: str = ""


def new_extension(document: Document, catalog: Catalog, item: Declarable) -> Adoption:
    """A live extension for a document of its catalog; where it stands shows when it stands there."""
    live = item.live
    ref = ExtensionRef(live.id, live.display_name or "", live.type)
    edits = (Edit(SourceLocation(document.file, document.piece.line + 1), catalog, ref),)
    declares = item.body or {}
    new = NewExtension(document, live.id, declares, beside(document.defaults, declares))
    return Adoption(document.file, edits, new=new)


def adoptions(
    change: Change, item: Declarable, documents: Sequence[Document], texts: Mapping[str, str]
) -> Iterator[Adoption]:
    """One for each drifted property of an extension: a configuration is one of them, with all its members."""
    source = change.source or SourceLocation("")
    document = next((one for one in documents if one.extension(source)), None)
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
    return Edit(source, change.catalog, change.extension, row.path, row.after, _at(item.body or {}, row.path))


def _at(body: Properties, path: Sequence[str]) -> JsonValue:
    value: JsonValue = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return short_type(value) if path[-1] == ODATA_TYPE and value is not None else value


def _why_undeclarable(item: Declarable, name: str) -> str:
    """Why the live value cannot stand in a file; "" when it can."""
    parts = (part for part in item.left_out if not part.path or part.path[0] == name)
    return next((f"the live value cannot be declared: {part.because}" for part in parts), "")


def _why_shared(document: Document, extension: Piece, rows: Sequence[FieldChange]) -> str:
    """Why an edit would mean more than this extension, or less than what its author wrote; "" when it would not."""
    own, given = (
        one.member(rows[0].path[0]) if one else None for one in (extension, document.piece.member("defaults"))
    )
    written = [piece for row in rows for one in (own, given) if one for piece in (one, _member(one, row.path)) if piece]
    if any(piece.fixed for piece in written if piece is not given):
        return f"the value cannot be edited: {_SHARED}"
    if any(is_variable(piece) for piece in written if piece.text is not None):
        return "the value is that of a variable"
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
    """What an extension that says nothing of a configuration has to say, so that it no longer has the default."""
    if not isinstance(value, dict):
        return value
    said = beside({name: document.defaults.get(name)}, {name: value}).get(name)
    if isinstance(said, dict) and ODATA_TYPE not in said and members:  # none: the default is null, all of it differs
        return {member: content for member, content in said.items() if member in members}
    return said


def _member_spliced(text: str, own: Piece, name: str, wanted: JsonValue) -> Sequence[Splice]:
    there, sayable = own.member(name) is not None, wanted is not None or name in NULLABLE
    if there:
        return replaced(text, own, name, wanted) if sayable else removed(text, own, name)
    return added(text, own, name, wanted) if sayable else ()


def _named(piece: Piece, member: str) -> str:
    """The name under which the mapping holds the member: the callback timeout has two."""
    return TIMEOUT_IN_DOCUMENTS if member == TIMEOUT and piece.member(TIMEOUT_IN_DOCUMENTS) else member
