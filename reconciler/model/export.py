"""The result of an export, as data: documents, edits of files, and what was not exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.objects import ObjectRef, Parents, Path


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """One outermost parent as a desired-state document: `content` as JSON, `text` the same as YAML,
    with comments.

    `counts` are the numbers of objects by kind.
    """

    parent: ObjectRef
    content: JsonObject
    text: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Export:
    """The exported documents, sorted by parent, and the diagnostics for what could not be declared.

    `complete`: every parent was read. `empty` counts the parents with nothing to declare.
    """

    documents: tuple[ExportedDocument, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
    empty: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a file: a drifted value, or (without path) a whole object.

    `place` is its place in the edited file.
    """

    place: SourceLocation
    object: ObjectRef
    parents: Parents
    path: Path = ()
    before: JsonValue = None
    after: JsonValue = None


@dataclass(frozen=True, slots=True)
class Update:
    """The result of `--update`: the new texts of changed files by name, and the edits.

    `not_live` are the declared objects that do not exist yet, which are not changed.
    """

    texts: dict[str, str]
    edits: tuple[Edit, ...]
    not_live: tuple[ObjectRef, ...]
    diagnostics: tuple[Diagnostic, ...]
    complete: bool
