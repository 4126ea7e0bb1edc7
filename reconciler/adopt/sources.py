"""The files as they are written: each document with its position in the text, its header and its
defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.adopt.positions import Piece, pieces
from reconciler.loader.declared import DeclaredDocument, declared
from reconciler.loader.format import DEFAULTS, DocumentFormat
from reconciler.loader.joined import with_ids
from reconciler.loader.variables import substituted
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.environment import Environment
from reconciler.model.kind import Kind
from reconciler.model.names import folded
from reconciler.model.nodes import Node, data_of, member
from reconciler.model.objects import ObjectRef, Properties
from reconciler.model.odata import ODATA_TYPE
from reconciler.yaml import read_documents


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its piece of the text, the object that its header names, and its
    defaults with the values of variables.
    """

    file: str
    piece: Piece
    header: ObjectRef
    defaults: Mapping[str, Any]

    def names(self, parent: ObjectRef) -> bool:
        """True if the header names this observed object, by its id or its name."""
        if self.header.kind != parent.kind:
            return False
        if self.header.id is not None:
            return self.header.id == parent.id
        return folded(self.header.display_name) == folded(parent.display_name)

    def declaration(self, kind: Kind, source: SourceLocation) -> Piece | None:
        """The piece of the declaration at this place; None if the place is in another document."""
        places = self._declarations(kind)
        place = (source.file, source.line, source.column)
        return next((piece for piece in places if (self.file, *piece.place) == place), None)

    def header_piece(self, ref: ObjectRef) -> Piece | None:
        """The piece of the header, if it declares this object."""
        return self.piece.member(ref.kind) if self.names(ref) else None

    def _declarations(self, kind: Kind) -> Iterable[Piece]:
        """The entries of the kind's list; of a kind of headers the header itself."""
        if kind.parents:
            listed = self.piece.member(kind.plural)
            return (listed.items if listed else None) or ()
        header = self.piece.member(kind.name)
        return (header,) if header else ()

    def defaults_of(self, kind: Kind) -> Properties:
        """The canonical defaults that an object of this kind inherits, with its type."""
        defaults = kind.fields.canonical(self.defaults)
        if ODATA_TYPE in self.defaults:
            defaults[(ODATA_TYPE,)] = kind.fields.short_type(self.defaults[ODATA_TYPE])
        return {
            path: value
            for path, value in defaults.items()
            if path[0] not in kind.fields.own_names()
        }


def documents_of(
    texts: Mapping[str, str], document_format: DocumentFormat, environment: Environment | None
) -> Iterator[Document]:
    """The documents of all files, in their order; the texts were loaded without an error."""
    read: list[tuple[Node, Piece]] = []
    declared_documents: list[DeclaredDocument] = []
    for file, text in texts.items():
        nodes, _ = read_documents(text, document_format.hints)
        for node, piece in zip(nodes, _mappings(pieces(text)), strict=True):
            substitute, _ = substituted(node, environment)
            read.append((substitute, piece))
            declared_documents.append(declared(substitute, file, document_format)[0])
    for (node, piece), document in zip(read, with_ids(declared_documents), strict=True):
        if document.header is not None:
            defaults = _defaults(node, document_format)
            yield Document(document.source.file, piece, document.header, defaults)


def _mappings(documents: Iterable[Piece]) -> list[Piece]:
    """The documents that are not empty."""
    return [piece for piece in documents if piece.entries is not None]


def _defaults(document: Node, document_format: DocumentFormat) -> Mapping[str, Any]:
    defaults = member(document, DEFAULTS)
    data = data_of(defaults, document_format.json_types) if defaults else None
    return data if isinstance(data, dict) else {}


def is_variable(piece: Piece | None) -> bool:
    """True for a text with a variable, and for a collection that contains one."""
    if piece is None:
        return False
    inside = [*(piece.entries or {}).values(), *(piece.items or ())]
    in_text = "${" in (piece.text or "").replace("$${", "")
    return in_text or any(is_variable(part) for part in inside)
