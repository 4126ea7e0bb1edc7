"""The rows of a change: which are shown, and how their values read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.json_pointer import pointer
from reconciler.model.objects import NAME, ObjectRef, Value
from reconciler.model.plan import Change, FieldChange
from reconciler.render.escape import json_value, visible
from reconciler.render.nouns import noun, plural
from reconciler.render.titles import SYMBOLS
from reconciler.render.wording import PLAIN, Wording

SHARED_AMONG = 3
"""From so many creates on, a scope shows the properties that all of them set once."""

Shared = Mapping[str, Sequence[FieldChange]]
"""For each kind the rows that are shown once, above all creates of that kind."""


def own_rows(change: Change, shared: Shared, wording: Wording = PLAIN) -> list[FieldChange]:
    """The rows to show below the title of a change.

    A create and a delete do not repeat the name; a create neither the rows that are shown once for
    its scope. Drift shows no rows for what is missing in the tenant or declared absent: there are
    no two values to compare.
    """
    if wording.drift and change.action in ("create", "delete"):
        return []
    if change.action == "delete":
        return [row for row in change.fields if row.path != NAME]
    if change.action != "create":
        return list(change.fields)
    hidden = [FieldChange(NAME, None, change.object.display_name), *shared.get(change.kind, ())]
    return [row for row in change.fields if row not in hidden]


def shared_rows(changes: Iterable[Change], wording: Wording = PLAIN) -> Shared:
    """The rows that all creates of a kind have in common, when there are many; drift has none."""
    shared = {}
    for kind, creates in _creates(changes).items():
        first, others = creates[0], creates[1:]
        rows = [row for row in first.fields if _in_all(row, others)]
        if rows and len(creates) >= SHARED_AMONG and not wording.drift:
            shared[kind] = rows
    return shared


def shared_title(changes: Iterable[Change], kind: str) -> str:
    """The line over the shared rows of a kind."""
    creates = _creates(changes)
    of_kind = f" of {plural(noun(kind))}" if len(creates) > 1 else ""
    return f"{SYMBOLS['create']} the same in all {len(creates[kind])} creates{of_kind} below:"


def field_path(row: FieldChange) -> str:
    """`outer/inner`: the JSON Pointer without its first slash."""
    return visible(pointer(row.path)[1:])


def value_text(value: Value, other: Value = None) -> str:
    """The value as JSON; of a reference the name of the object, and its id too if the `other` value
    of the row is an object of the same name.
    """
    if not isinstance(value, ObjectRef):
        return json_value(value)
    same_name = isinstance(other, ObjectRef) and str(other) == str(value) and other != value
    identity = f" (id {visible(value.id)})" if same_name and value.id else ""
    return f"{json_value(str(value))}{identity}"


def before_text(row: FieldChange) -> str:
    """The value that is live."""
    return value_text(row.before, row.after)


def created_text(row: FieldChange) -> str:
    """The value that a create sets."""
    return after_text(row) if row.computed else value_text(row.after)


def after_text(row: FieldChange) -> str:
    """The value after an apply.

    A null clears the property, unless the service computes it. An object that the same plan creates
    has no id yet.
    """
    if isinstance(row.after, ObjectRef) and row.after.id is None:
        return f"{value_text(row.after)} (id known after apply)"
    if row.after is not None:
        return value_text(row.after, row.before)
    return "(known after apply)" if row.computed else "null (cleared)"


def _creates(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The creates by kind."""
    creates: dict[str, list[Change]] = {}
    for change in changes:
        if change.action == "create":
            creates.setdefault(change.kind, []).append(change)
    return creates


def _in_all(row: FieldChange, creates: Iterable[Change]) -> bool:
    return all(row in create.fields for create in creates)


def symbol(change: Change, row: FieldChange) -> str:
    """The symbol of a row. A replacement has a row for every property of the new object, those
    that stay the same included.
    """
    if change.action in ("create", "delete"):
        return SYMBOLS[change.action]
    if row.before == row.after:
        return "="
    if change.action == "replace" or (change.action == "rename" and row.path != NAME):
        return SYMBOLS["update"]
    return SYMBOLS[change.action]
