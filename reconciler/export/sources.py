"""The files as they are written: each document with its position in the text, its catalog and its
defaults.
"""

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
    """One document of a file: its piece of the text, its catalog as declared, and its canonical
    defaults.
    """

    file: str
    piece: Piece
    catalog: Catalog
    defaults: Properties

    def declares(self, catalog: Catalog) -> bool:
        """True if the document declares this observed catalog, by its id or its name."""
        if self.catalog.id is not None:
            return self.catalog.id == catalog.id
        return (self.catalog.display_name or "").casefold() == (
            catalog.display_name or ""
        ).casefold()

    def extension(self, source: SourceLocation) -> Piece | None:
        """The piece of the extension at this place; None if the place is in another document."""
        listed = self.piece.member("extensions")
        places = (item for item in (listed.items if listed else None) or ())
        place = (source.file, source.line, source.column)
        return next((item for item in places if (self.file, *item.place) == place), None)


def documents_of(texts: Mapping[str, str], environment: Environment | None) -> Iterator[Document]:
    """The documents of all files, in their order; the texts were loaded without an error."""
    for file, text in texts.items():
        nodes, _ = read_documents(text)
        for node, piece in zip(nodes, _mappings(pieces(text)), strict=True):
            written, _ = substituted(node, environment)
            document, _ = declared(written, file)
            yield Document(
                file, piece, cast("Catalog", document.catalog), _defaults(data_of(written))
            )


def _mappings(documents: Iterable[Piece]) -> list[Piece]:
    """The documents that are not empty."""
    return [piece for piece in documents if piece.entries is not None]


def _defaults(document: object) -> Properties:
    written = document.get("defaults") if isinstance(document, dict) else None
    if not isinstance(written, dict):
        return {}
    kind: Properties = {ODATA_TYPE: written[ODATA_TYPE]} if ODATA_TYPE in written else {}
    return kind | canonical(written)


def is_variable(piece: Piece | None) -> bool:
    """True for a text with a variable, and for a collection that contains one."""
    if piece is None:
        return False
    inside = [*(piece.entries or {}).values(), *(piece.items or ())]
    return "${" in (piece.text or "").replace("$${", "") or any(
        is_variable(part) for part in inside
    )
