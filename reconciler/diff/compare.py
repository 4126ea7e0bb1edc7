"""Which declared properties differ from the live ones. Undeclared ones do not count.

Absent and null are the same, and so are a cleared object and one without members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.diff.patch import patched
from reconciler.model.fields import Field, Fields, value_at
from reconciler.model.objects import Desired, Observed, Path, Value
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.plan import FieldChange

Sides = dict[Path, tuple[Value, Value]]
"""Path → the live value and the desired one."""


def compare(
    fields: Fields, desired: Mapping[Path, Value], live: Mapping[Path, Value]
) -> tuple[FieldChange, ...]:
    """One row per declared leaf that differs, sorted by path; both sides are canonical.

    Where a chosen type changes, members of the old type show as removed. Where the members change
    that a value is computed from, and the value is not declared, the live one shows as removed too:
    the service will compute another. Where an object is new, its declared nulls are rows too: the
    service would fill in values of its own.
    """
    if all(value_at(live, path) == value for path, value in desired.items()):
        return ()  # most objects of a plan are as declared
    sides: Sides = {
        path: (_live_value(live, path, value), value) for path, value in desired.items()
    }
    sides |= _of_former_types(fields, desired, live)
    sides |= _to_be_computed(fields, sides, live)
    differing = set(_differing(fields, sides))
    differing |= _nulls_of_new_objects(differing, sides, live)
    rows = [_row(fields, path, *sides[path]) for path in differing]
    return tuple(sorted(rows, key=lambda row: row.path))


def leaves(desired: Mapping[Path, Value]) -> tuple[FieldChange, ...]:
    """One row per declared leaf, with `before` null: what a create sets."""
    rows = (FieldChange(path, None, value) for path, value in desired.items())
    return tuple(sorted(rows, key=lambda row: row.path))


def lost(live: Mapping[Path, Value]) -> tuple[FieldChange, ...]:
    """One row per live leaf, with `after` null: what a delete removes."""
    rows = (FieldChange(path, value, None) for path, value in live.items() if value is not None)
    return tuple(sorted(rows, key=lambda row: row.path))


def replaced(fields: Fields, desired: Desired, live: Observed) -> tuple[FieldChange, ...]:
    """One row per leaf of the old object and of the new one, equal ones included: the new object
    gets what its type has of the old one, and then what is declared.
    """
    carried = {
        path: value
        for path, value in live.properties.items()
        if value is not None and fields.has(desired.ref.type, path)
    }
    after = patched(carried, compare(fields, desired.properties, carried))
    before = {path: value for path, value in live.properties.items() if value is not None}
    rows = (_row(fields, path, before.get(path), after.get(path)) for path in {**before, **after})
    return tuple(sorted(rows, key=lambda row: row.path))


def declared_rows(rows: Iterable[FieldChange]) -> list[FieldChange]:
    """The rows of declared properties: without those that the service computes."""
    return [row for row in rows if not row.computed]


def _row(fields: Fields, path: Path, before: Value, after: Value) -> FieldChange:
    computed = after is None and bool(fields.field(path).computed_from)
    return FieldChange(path, before, after, computed)


def _live_value(live: Mapping[Path, Value], path: Path, desired: Value) -> Value:
    """The live value; `{}` for a live object with members where the object alone is declared."""
    value = value_at(live, path)
    return {} if desired == {} and isinstance(value, dict) else value


def _of_former_types(
    fields: Fields, desired: Mapping[Path, Value], live: Mapping[Path, Value]
) -> Sides:
    """The undeclared live members of objects whose chosen type changes."""
    sides: Sides = {}
    for name, field in fields.objects.items():
        if _changes_type(name, field, desired, live):
            for path, before in live.items():
                if path[0] == name and path not in desired:
                    sides[path] = before, None
    return sides


def _changes_type(
    name: str, field: Field, desired: Mapping[Path, Value], live: Mapping[Path, Value]
) -> bool:
    wanted = desired.get((name, ODATA_TYPE))
    return field.chosen and wanted is not None and wanted != live.get((name, ODATA_TYPE))


def _to_be_computed(fields: Fields, sides: Sides, live: Mapping[Path, Value]) -> Sides:
    """The live values that the service will compute: of their sources at least one differs."""
    computed: Sides = {}
    for path, sources in fields.computed.items():
        before = live.get(path)
        changed = any(
            _differ(fields, source, *sides[source]) for source in sources if source in sides
        )
        if before is not None and path not in sides and changed:
            computed[path] = before, None
    return computed


def _nulls_of_new_objects(
    differing: set[Path], sides: Sides, live: Mapping[Path, Value]
) -> set[Path]:
    existing = {path[0] for path, value in live.items() if value is not None}
    new = {path[0] for path in differing if len(path) > 1} - existing
    return {path for path in sides if len(path) > 1 and path[0] in new}


def _differ(fields: Fields, path: Path, before: Value, after: Value) -> bool:
    return fields.comparable(path, before) != fields.comparable(path, after)


def _differing(fields: Fields, sides: Sides) -> Iterator[Path]:
    """The paths at which DeepDiff finds a difference; imported here: the import costs 130 ms."""
    before = {path: fields.comparable(path, pair[0]) for path, pair in sides.items()}
    after = {path: fields.comparable(path, pair[1]) for path, pair in sides.items()}
    if before == after:
        return
    from deepdiff import DeepDiff

    difference = DeepDiff(before, after, view="tree")
    levels = [level for group in difference.values() for level in group]
    yield from dict.fromkeys(level.path(output_format="list")[0] for level in levels)
