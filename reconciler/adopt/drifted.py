"""One drifted property of one object → the splices that update its file, or why it is not safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from reconciler.adopt.adoption import Adoption
from reconciler.adopt.positions import Piece
from reconciler.adopt.sources import Document, is_variable
from reconciler.adopt.splices import Splice, added, removed, replaced
from reconciler.declarable.defaults import beside
from reconciler.declarable.live import Declarable
from reconciler.declarable.written import Written, as_mapping, part_of
from reconciler.diff.compare import declared_rows
from reconciler.loader.format import DEFAULTS
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.fields import Fields
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.kind import Kind
from reconciler.model.objects import ObjectRef, Path, Value
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.plan import Change, FieldChange
from reconciler.render.nouns import noun

_SHARED = "it is an alias, or has an anchor"


@dataclass(frozen=True, slots=True)
class _Drift:
    """One drifted property of one declaration: its rows, the live values, and where it is written.

    `name` is as in the file. `own` is its value in the declaration, `default` that in `defaults`.
    """

    path: Path
    name: str
    rows: Sequence[FieldChange]
    live: Written
    declaration: Piece
    own: Piece | None
    default: Piece | None

    @property
    def value(self) -> JsonValue:
        """The live value as a file writes it."""
        return as_mapping(self.live).get(self.path[0])

    @property
    def members(self) -> list[Path]:
        """The drifted members, if the property is an object."""
        return [row.path for row in self.rows if len(row.path) > 1]


def adoptions(
    change: Change,
    kind: Kind,
    declarable: Declarable,
    documents: Sequence[Document],
    texts: Mapping[str, str],
) -> Iterator[Adoption]:
    """One for each drifted property; an object with all its members is one property."""
    source = change.source or SourceLocation("")
    for name, group in groupby(declared_rows(change.fields), key=lambda row: row.path[0]):
        rows = list(group)
        edits = tuple(_edit(change, source, declarable, row) for row in rows)
        place = _place(kind, change, name, documents)
        if place is None:
            refusal = f"the {noun(kind.name)} cannot be edited: {_SHARED}"
            yield Adoption(source.file, edits, refusal=refusal)
            continue
        document, declaration = place
        drift = _drift(rows, kind.fields, declarable, document, declaration)
        refusal = _why_undeclarable(declarable, name) or _why_not_editable(drift, kind.fields)
        if refusal:
            yield Adoption(document.file, edits, refusal=refusal)
        else:
            splices = _splices(texts[document.file], drift, document, kind)
            yield Adoption(document.file, edits, tuple(splices))


def _place(
    kind: Kind, change: Change, name: str, documents: Sequence[Document]
) -> tuple[Document, Piece] | None:
    """The document and the piece of the declaration of the change. Of a parent that several
    documents declare, those in which the member is written.
    """
    source = change.source or SourceLocation("")
    places = [
        (document, piece)
        for document in documents
        if (piece := document.declaration(kind, source)) is not None
    ]
    headers = [
        (document, piece)
        for document in documents
        if not kind.parents and (piece := document.header_piece(change.object)) is not None
    ]
    writing = [(document, piece) for document, piece in headers if piece.member(name)]
    return next(iter((*writing, *places)), None)


def _drift(
    rows: Sequence[FieldChange],
    fields: Fields,
    declarable: Declarable,
    document: Document,
    declaration: Piece,
) -> _Drift:
    path = rows[0].path[:1]
    name = _name_in(declaration, path, fields)
    defaults = document.piece.member(DEFAULTS)
    return _Drift(
        path=path,
        name=name,
        rows=rows,
        live=part_of(declarable.body or {}, path[0]),
        declaration=declaration,
        own=declaration.member(name),
        default=defaults.member(_name_in(defaults, path, fields)) if defaults else None,
    )


def _name_in(piece: Piece, path: Path, fields: Fields) -> str:
    """The name that the mapping uses for the member, which can have several."""
    names = (path[-1], *fields.field(path).aliases)
    return next((name for name in names[1:] if piece.member(name)), names[0])


def _edit(change: Change, source: SourceLocation, declarable: Declarable, row: FieldChange) -> Edit:
    before, after = _shown(row.after), _live_value(declarable.body or {}, row.path)
    return Edit(source, change.object, change.parents, row.path, before, after)


def _shown(value: Value) -> JsonValue:
    return str(value) if isinstance(value, ObjectRef) else value


def _live_value(body: Written, path: Path) -> JsonValue:
    """The live value that is written for the path; of an object all of it."""
    if path in body:
        return _shown(body[path])
    return as_mapping(part_of(body, path[0])).get(path[0]) if len(path) == 1 else None


def _why_undeclarable(declarable: Declarable, name: str) -> str:
    """Why the live value cannot be declared; "" if it can."""
    for part in declarable.left_out:
        if not part.path or part.path[0] == name:
            return f"the live value cannot be declared: {part.because}"
    return ""


def _why_not_editable(drift: _Drift, fields: Fields) -> str:
    """Why an edit would change more than this object, or lose a variable; "" if it would not."""
    holders = [piece for piece in (drift.own, drift.default) if piece]
    members = [
        written
        for path in drift.members
        for piece in holders
        if (written := piece.member(_name_in(piece, path, fields)))
    ]
    # The default itself is not edited: what differs from it is added to the declaration.
    edited = [*members, drift.own] if drift.own else members
    if any(piece.fixed for piece in edited):
        return f"the value cannot be edited: {_SHARED}"
    if any(piece.text is not None and is_variable(piece) for piece in (*holders, *members)):
        return "the value comes from a variable"
    return ""


def _splices(text: str, drift: _Drift, document: Document, kind: Kind) -> Sequence[Splice]:
    """What to change in the text: all of the property, or each of its drifted members."""
    own, value = drift.own, drift.value
    if own is None:
        return added(text, drift.declaration, drift.name, _beside_default(drift, document, kind))
    by_member = own.entries is not None and bool(drift.members)
    if value is None and not kind.fields.field(drift.path).nullable:
        value = {}  # an object that is not cleared as a whole has no member left
    if not by_member or not isinstance(value, dict):
        return replaced(text, drift.declaration, drift.name, drift.value)
    return [
        splice
        for path in drift.members
        for splice in _member_splices(text, own, path, value, kind.fields)
    ]


def _beside_default(drift: _Drift, document: Document, kind: Kind) -> JsonValue:
    """What a declaration without this property must declare, to override the default."""
    if not isinstance(drift.value, dict):
        return drift.value
    default = part_of(document.defaults_of(kind), drift.path[0])
    own = beside(default, drift.live)
    # Without members the default is null, and all of it differs.
    if drift.members and (*drift.path, ODATA_TYPE) not in own:
        own = {path: value for path, value in own.items() if path in drift.members}
    return as_mapping(own).get(drift.path[0])


def _member_splices(
    text: str, own: Piece, path: Path, value: JsonObject, fields: Fields
) -> Sequence[Splice]:
    """The member with its live value; removed if it has none and cannot be written as null."""
    name, live = _name_in(own, path, fields), value.get(path[-1])
    is_written = own.member(name) is not None
    if live is not None or fields.field(path).nullable:
        return replaced(text, own, name, live) if is_written else added(text, own, name, live)
    return removed(text, own, name) if is_written else ()
