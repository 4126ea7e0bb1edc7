"""What came of an export: for people on lines with a symbol in column 0, for programs as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.export import Edit, Export, Update
from reconciler.render import view
from reconciler.render.escape import json_value, visible
from reconciler.render.json_document import Document, diagnostics_document


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
    return "".join(
        f"+ {visible(file)}: {view.catalog_label(document.catalog)},"
        f" {view.counted(document.extensions, 'extension')}\n"
        for file, document in zip(files, export.documents, strict=True)
    )


def update_document(update: Update) -> Document:
    """What was edited and where, what is not live, and the findings."""
    return {
        "complete": update.complete,
        "edits": [_edit(one) for one in update.edits],
        "not_live": [one.display_name for one in update.not_live],
        "diagnostics": diagnostics_document(update.diagnostics)["diagnostics"],
    }


def _edit(edit: Edit) -> Document:
    return {
        "file": edit.place.file,
        "line": edit.place.line,
        "catalog": {"id": edit.catalog.id, "display_name": edit.catalog.display_name},
        "extension": {
            "id": edit.extension.id,
            "display_name": edit.extension.display_name,
            "type": edit.extension.type,
        },
        "path": view.pointer(edit.path) if edit.path else None,
        "before": edit.before,
        "after": edit.after,
    }


def update_text(update: Update) -> str:
    """What was edited, a line for each, and one stable last line."""
    lines = [_line(edit) for edit in update.edits]
    lines += [
        f"! {view.extension_title(one)} is declared and not live: apply will create it; "
        "remove its declaration if it was deleted or renamed"
        for one in update.not_live
    ]
    added = sum(not edit.path for edit in update.edits)
    kept = sum(one.code == "R308" for one in update.diagnostics)
    counts = (
        f"{added} added, {len(update.edits) - added} changed, {kept} left as they are,"
        f" {len(update.not_live)} not live"
    )
    return "".join(f"{line}\n" for line in (*lines, *([""] if lines else []), f"Update: {counts}."))


def _line(edit: Edit) -> str:
    where, name = view.place_text(edit.place), view.label(edit.extension.display_name)
    if not edit.path:
        return f"+ {where}: {name} of {view.catalog_label(edit.catalog)}"
    change = f"{json_value(edit.before)} -> {json_value(edit.after)}"
    return f"~ {where}: {name} {visible('/'.join(edit.path))}: {change}"
