"""What came of an export, as data: documents that can be printed or saved, edits of files, and what was left out."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef
from reconciler.model.types import JsonValue, Properties


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """One catalog as a desired-state document: `content` as JSON, `text` the same as YAML, with comments."""

    catalog: Catalog
    content: Properties
    text: str
    extensions: int


@dataclass(frozen=True, slots=True)
class Export:
    """What was exported: documents sorted by catalog, what could not be declared, and what that leaves unsaid.

    `complete`: every catalog was read. `empty` counts the catalogs in which there is nothing to declare.
    """

    documents: tuple[ExportedDocument, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
    empty: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that was brought into a file: a value that drifted, or (without path) a whole extension.

    `place` is where it stands in the edited file.
    """

    place: SourceLocation
    catalog: Catalog
    extension: ExtensionRef
    path: tuple[str, ...] = ()
    before: JsonValue = None
    after: JsonValue = None


@dataclass(frozen=True, slots=True)
class Update:
    """What `--update` makes of the files: their new texts, of changed files alone, by name; and what it did.

    `not_live` are the declared extensions that do not exist yet, which stay as they are.
    """

    texts: dict[str, str]
    edits: tuple[Edit, ...]
    not_live: tuple[ExtensionRef, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
