"""The files as they are written: each document with its place in the text, its catalog and its defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from reconciler.export.positions import Piece, pieces
from reconciler.loader.declared import declared
from reconciler.loader.nodes import data_of
from reconciler.loader.variables import substituted
from reconciler.loader.yaml_tree import read_documents
from reconciler.model.canonical import canonical
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.environment import Environment
from reconciler.model.extension import Catalog
from reconciler.model.types import ODATA_TYPE, Properties


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its piece of the text, what it says of its catalog, and its defaults, canonical."""

    file: str
    piece: Piece
    catalog: Catalog
    defaults: Properties

    def declares(self, catalog: Catalog) -> bool:
        """True when it is the observed catalog that the document means, by its id or its name."""
        if self.catalog.id is not None:
            return self.catalog.id == catalog.id
        return (self.catalog.display_name or "").casefold() == (catalog.display_name or "").casefold()

    def extension(self, source: SourceLocation) -> Piece | None:
        """The piece of the extension that the loader found at this place; None for one of another document."""
        listed = self.piece.member("extensions")
        places = (item for item in (listed.items if listed else None) or ())
        wanted = (source.file, source.line, source.column)
        return next((item for item in places if (self.file, *item.place) == wanted), None)


def documents_of(texts: Mapping[str, str], environment: Environment | None) -> Iterator[Document]:
    """The documents of all files, in their order; the texts have been loaded without a fault."""
    for file, text in texts.items():
        nodes, _ = read_documents(text)
        for node, piece in zip(nodes, _mappings(pieces(text)), strict=True):
            written, _ = substituted(node, environment)
            said, _ = declared(written, file)
            yield Document(file, piece, cast("Catalog", said.catalog), _defaults(data_of(written)))


def _mappings(documents: Iterable[Piece]) -> list[Piece]:
    """The documents that are more than nothing."""
    return [piece for piece in documents if piece.entries is not None]


def _defaults(document: object) -> Properties:
    written = document.get("defaults") if isinstance(document, dict) else None
    if not isinstance(written, dict):
        return {}
    kind: Properties = {ODATA_TYPE: written[ODATA_TYPE]} if ODATA_TYPE in written else {}
    return kind | canonical(written)


def is_variable(piece: Piece | None) -> bool:
    """True for a text in which the value of a variable stands, and for a collection that holds one."""
    if piece is None:
        return False
    inside = [*(piece.entries or {}).values(), *(piece.items or ())]
    return "${" in (piece.text or "").replace("$${", "") or any(is_variable(one) for one in inside)
