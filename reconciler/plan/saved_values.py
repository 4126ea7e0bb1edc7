"""What no plan contains, though a document with matching digests may: a saved plan is a file that
anybody may have written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.diff.references import within
from reconciler.model.fields import Field
from reconciler.model.kind import Kinds
from reconciler.model.objects import ObjectRef, Value
from reconciler.model.plan import Change, FieldChange, Plan
from reconciler.plan.dependencies import Identity, identity

Planned = Mapping[Identity, ObjectRef]
"""The objects that the plan changes. By their names those that it creates, which have no id yet."""


def impossible(plan: Plan, kinds: Kinds) -> Iterator[str]:
    """Each thing that no plan of these kinds contains, as a clause that begins with its place."""
    planned = {identity(each.object, each.parents): each.object for each in plan.pending}
    for number, change in enumerate(plan.changes):
        if change.action != "blocked":
            for place, why in _of_change(change, kinds, planned):
                yield f"$.changes[{number}]{place} {why}"


def _of_change(change: Change, kinds: Kinds, planned: Planned) -> Iterator[tuple[str, str]]:
    if change.action in ("update", "rename") and not change.fields:
        yield "", "changes no property"
    for number, parent in enumerate(change.parents):
        if not parent.id and identity(parent, change.parents[:number]) not in planned:
            yield f".parents[{number}]", "has no id, and the plan does not create it"
    fields = kinds.named(change.kind).fields
    for number, row in enumerate(change.fields):
        for why in _of_row(row, fields.field(row.path), change, planned):
            yield f".fields[{number}]", why


def _of_row(row: FieldChange, field: Field, change: Change, planned: Planned) -> Iterator[str]:
    if row.computed and row.after is not None:
        yield "is known after apply only, and has a value"
    elif not all(_fits(value, field.refers_to) for value in (row.before, row.after)):
        kind = field.refers_to
        yield f"does not refer to an object of kind {kind}" if kind else "must not be a reference"
    elif isinstance(row.after, ObjectRef):
        yield from _of_reference(row.after, field, change, planned)


def _of_reference(ref: ObjectRef, field: Field, change: Change, planned: Planned) -> Iterator[str]:
    """The object is written with the id and the type that it has after its own change, if any."""
    keys = (identity(ref, parents) for parents in within(change.parents))
    changed = next((planned[key] for key in keys if key in planned), None)
    if changed is None and not ref.id:
        yield "refers to an object without an id that the plan does not create"
    types = {ref.type, (changed or ref).type}
    if field.referred_type is not None and types != {field.referred_type}:
        yield f"does not refer to an object of type {field.referred_type}"


def _fits(value: Value, refers_to: str | None) -> bool:
    """True for null, for a reference to an object of this kind, and, where the member refers to
    nothing, for any other value.
    """
    if isinstance(value, ObjectRef):
        return value.kind == refers_to
    return value is None or refers_to is None
