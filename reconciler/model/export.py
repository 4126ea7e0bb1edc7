"""The result of an export, as data: documents, edits of files, and what was not exported."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef
from reconciler.model.types import JsonValue, Properties


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """One catalog as a desired-state document: `content` as JSON, `text` the same as YAML, with
    comments.
    """

    catalog: Catalog
    content: Properties
    text: str
    extensions: int


@dataclass(frozen=True, slots=True)
class Export:
    """The exported documents, sorted by catalog, and the diagnostics for what could not be
    declared.

    `complete`: every catalog was read. `empty` counts the catalogs with nothing to declare.
    """

    documents: tuple[ExportedDocument, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
    empty: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a file: a drifted value, or (without path) a whole extension.

    `place` is its place in the edited file.
    """

    place: SourceLocation
    catalog: Catalog
    extension: ExtensionRef
    path: tuple[str, ...] = ()
    before: JsonValue = None
    after: JsonValue = None


@dataclass(frozen=True, slots=True)
class Update:
    """The result of `--update`: the new texts of changed files by name, and the edits.

    `not_live` are the declared extensions that do not exist yet, which are not changed.
    """

    texts: dict[str, str]
    edits: tuple[Edit, ...]
    not_live: tuple[ExtensionRef, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
