"""Why edited files are wrong: they must declare and plan exactly what was adopted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.adopt.adoption import Adoption
from reconciler.adopt.files import Files, Pairs
from reconciler.adopt.proof import only_adopted
from reconciler.adopt.rewriting import edited
from reconciler.diff.compare import declared_rows
from reconciler.diff.references import parents_key
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.export import Edit
from reconciler.model.json_values import canonical_json
from reconciler.model.objects import DesiredScope, ObjectRef, Path
from reconciler.model.plan import Change, Plan

_UNSAFE = "the edited file would not declare the live value"

Id: TypeAlias = tuple[str, str | None]
"""The kind and the id of an object."""
Row: TypeAlias = tuple[tuple[str, ...], Id, Path, bytes]
"""What a plan would do: the action with its scope and name, object, path and value."""


@dataclass(frozen=True, slots=True)
class Before:
    """The files before any edit: what was observed, what they declare, and their plan."""

    files: Files
    pairs: Pairs
    declared: Sequence[DesiredScope]
    plan: Plan


def objection(adopted: Sequence[Adoption], before: Before) -> str:
    """Why the edited files are wrong; "" if they declare and plan exactly what was adopted."""
    files = before.files
    texts, after = _edited(adopted, files)
    because = _unsafe(adopted, files, before.declared, after) or _invalid(files, texts)
    edits = [edit for adoption in adopted for edit in adoption.edits]
    if because or _is_settled(before.plan, files.plan(after, before.pairs), edits):
        return because
    return _UNSAFE


def objection_to_given(
    adopted: Sequence[Adoption], files: Files, declared: Sequence[DesiredScope]
) -> str:
    """Why the edited files are wrong, which `declared` this before; "" if they declare exactly what
    was adopted.
    """
    texts, after = _edited(adopted, files)
    return _unsafe(adopted, files, declared, after) or _invalid(files, texts)


def _edited(
    adopted: Sequence[Adoption], files: Files
) -> tuple[Mapping[str, str], Sequence[DesiredScope]]:
    """The edited texts, and what they declare."""
    texts = edited(files.texts, adopted)
    return texts, files.declared(texts) if texts else ()


def _unsafe(
    adopted: Sequence[Adoption],
    files: Files,
    declared: Sequence[DesiredScope],
    after: Sequence[DesiredScope],
) -> str:
    """Why the files do not declare what they did before plus the edits; "" if they do."""
    safe = only_adopted(declared, after, adopted, files.document_format.kinds)
    return "" if safe else _UNSAFE


def _invalid(files: Files, texts: Mapping[str, str]) -> str:
    """In which other environment the files would become invalid; "" if in none."""
    for environment in files.others:
        errors = files.loaded(texts, environment).errors
        if errors:
            return _invalid_elsewhere(environment.name, errors[0])
    return ""


def _invalid_elsewhere(environment: str, error: Diagnostic) -> str:
    return (
        f"the files would become invalid in environment {environment}, {error.code}:"
        f" {error.message}"
    )


def _is_settled(before: Plan, after: Plan, edits: Sequence[Edit]) -> bool:
    """True if the files differ from the live objects exactly as before, except for the edits."""
    settled = {(_id(edit.object), edit.path) for edit in edits}
    new = {_id(edit.object) for edit in edits if not edit.path}
    remaining = {row for row in _rows(before) if row[1:3] not in settled}
    return _rows(after) == remaining and _unmanaged(after) == _unmanaged(before) - new


def _id(ref: ObjectRef) -> Id:
    return ref.kind, ref.id


def _unmanaged(plan: Plan) -> set[Id]:
    return {_id(unmanaged.object) for unmanaged in plan.unmanaged}


def _rows(plan: Plan) -> set[Row]:
    """The rows of a plan, without positions and reasons."""
    rows: set[Row] = set()
    for change in plan.changes:
        if change.action in ("create", "blocked"):
            rows.add((_key(change), _id(change.object), (), b""))
        for row in declared_rows(change.fields):
            value = str(row.after) if isinstance(row.after, ObjectRef) else row.after
            rows.add((_key(change), _id(change.object), row.path, canonical_json(value)))
    return rows


def _key(change: Change) -> tuple[str, ...]:
    """Identifies a change; a rename and an update of one object have the same rows."""
    parents = parents_key(change.parents)
    if change.action in ("create", "blocked"):
        return change.action, *parents, change.object.display_name or ""
    return "update", *parents
