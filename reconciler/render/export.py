"""What came of an export: for people on lines with a symbol in column 0, for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.export import Edit, Export, ExportedDocument, Update
from reconciler.model.json_pointer import pointer
from reconciler.model.objects import ObjectRef
from reconciler.render.escape import json_value, visible
from reconciler.render.json_document import Document, diagnostics_document
from reconciler.render.nouns import counted, noun
from reconciler.render.titles import label, object_title, parents_label, place_text, scope_label


def export_document(export: Export, files: Sequence[str] = ()) -> Document:
    """The documents and the findings; `files` are the names under which they were saved, in the
    same order.
    """
    return {
        "complete": export.complete,
        "documents": [document.content for document in export.documents],
        "files": list(files),
        "diagnostics": diagnostics_document(export.diagnostics)["diagnostics"],
    }


def saved_text(export: Export, files: Sequence[str]) -> str:
    """A line for each file that was written."""
    saved = zip(files, export.documents, strict=True)
    return "".join(f"{_saved_line(file, document)}\n" for file, document in saved)


def _saved_line(file: str, document: ExportedDocument) -> str:
    counts = [counted(number, noun(kind)) for kind, number in document.counts.items()]
    return f"+ {visible(file)}: {', '.join([scope_label(document.parent), *counts])}"


def update_document(update: Update) -> Document:
    """What was edited and where, what is not live, and the findings."""
    return {
        "complete": update.complete,
        "edits": [_edit(edit) for edit in update.edits],
        "not_live": [ref.display_name for ref in update.not_live],
        "diagnostics": diagnostics_document(update.diagnostics)["diagnostics"],
    }


def _edit(edit: Edit) -> Document:
    """One edit; the object and its parents are members named by their kinds."""
    parents = {parent.kind: _named(parent) for parent in edit.parents}
    return {
        "file": edit.place.file,
        "line": edit.place.line,
        **parents,
        edit.object.kind: _named(edit.object) | {"type": edit.object.type},
        "path": pointer(edit.path) if edit.path else None,
        "before": edit.before,
        "after": edit.after,
    }


def _named(ref: ObjectRef) -> Document:
    return {"id": ref.id, "display_name": ref.display_name}


def update_text(update: Update) -> str:
    """What was edited, a line for each, and one stable last line."""
    lines = edit_lines(update)
    lines += [
        f"! {object_title(ref)} is declared and not live: apply will create it; "
        "remove its declaration if it was deleted or renamed"
        for ref in update.not_live
    ]
    separator = [""] if lines else []
    return "".join(f"{line}\n" for line in (*lines, *separator, _counts(update)))


def edit_lines(update: Update) -> list[str]:
    """What was edited, a line for each."""
    return [_line(edit) for edit in update.edits]


def _counts(update: Update) -> str:
    added = sum(not edit.path for edit in update.edits)
    kept = sum(finding.code == "R308" for finding in update.diagnostics)
    return (
        f"Update: {added} added, {len(update.edits) - added} changed, {kept} left as they are,"
        f" {len(update.not_live)} not live."
    )


def _line(edit: Edit) -> str:
    where, name = place_text(edit.place), label(edit.object.display_name)
    if not edit.path:
        of_parents = f" of {parents_label(edit.parents)}" if edit.parents else ""
        return f"+ {where}: {name}{of_parents}"
    change = f"{json_value(edit.before)} -> {json_value(edit.after)}"
    return f"~ {where}: {name} {visible('/'.join(edit.path))}: {change}"
