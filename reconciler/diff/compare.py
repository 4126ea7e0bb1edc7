"""Which declared properties differ from what is live. Undeclared ones are left alone, absent and null are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from reconciler.model.canonical import comparable
from reconciler.model.plan import FieldChange
from reconciler.model.types import COMPLEX_PROPERTIES, LOGIC_APP, ODATA_TYPE, JsonValue, Properties


def compare(declared: Mapping[str, JsonValue], live: Mapping[str, JsonValue]) -> tuple[FieldChange, ...]:
    """One row per declared property (or leaf of it) that differs, sorted by path; both sides are canonical.

    Where a type changes, members of the old type show as removed. Where the Logic App changes and no `url` is declared,
    the live `url` shows as removed too: it leads to the Logic App of before, and Graph computes it anew.
    """
    meant = _meant(declared, live)
    left, right = comparable(meant), comparable(declared)
    if left == right:
        return ()
    rows = (row for path in _differing(left, right) for row in _rows(path, at(meant, path), at(declared, path)))
    return tuple(sorted(rows, key=lambda row: row.path))


def leaves(declared: Mapping[str, JsonValue]) -> tuple[FieldChange, ...]:
    """One row per declared leaf, with nothing before: what a create sets."""
    rows = (row for name, value in declared.items() for row in _rows((name,), None, value))
    return tuple(sorted(rows, key=lambda row: row.path))


def declared_rows(rows: Iterable[FieldChange]) -> list[FieldChange]:
    """The rows of what is declared: without the url of a former Logic App, which comes and goes with its name."""
    return [row for row in rows if row.path != ("endpointConfiguration", "url") or row.after is not None]


def _meant(declared: Mapping[str, JsonValue], live: Mapping[str, JsonValue]) -> Properties:
    """The part of what is live that the declaration speaks about, with nulls for what is not there."""
    meant: Properties = {}
    for name, wanted in declared.items():
        found = live.get(name)
        if isinstance(wanted, dict) and isinstance(found, dict):
            meant[name] = _meant_object(name, wanted, found)
        elif found is None and _clears_all(wanted):
            meant[name] = wanted
        else:
            meant[name] = found
    return meant


def _clears_all(wanted: JsonValue) -> bool:
    """True for an object with members, all null: where there is no object there is nothing to clear."""
    return isinstance(wanted, dict) and bool(wanted) and all(value is None for value in wanted.values())


def _meant_object(name: str, wanted: Properties, found: Properties) -> Properties:
    kind = COMPLEX_PROPERTIES[name]
    if kind.chosen and wanted.get(ODATA_TYPE) != found.get(ODATA_TYPE):
        return {**dict.fromkeys(wanted), **found}
    meant: Properties = {member: found.get(member) for member in wanted}
    folded_wanted, folded_found = comparable(wanted), comparable(found)
    moved = any(folded_wanted.get(member) != folded_found.get(member) for member in LOGIC_APP if member in wanted)
    if moved and found.get("url") is not None:
        meant["url"] = found["url"]
    return meant


def _differing(left: Properties, right: Properties) -> Iterator[tuple[str, ...]]:
    """The paths at which DeepDiff finds a difference; imported here because equal objects need none of its 130 ms."""
    from deepdiff import DeepDiff

    levels = [level for group in DeepDiff(left, right, view="tree").values() for level in group]
    # Inside a list the path has numbers; the whole list is then what differs.
    paths = (takewhile(lambda step: isinstance(step, str), level.path(output_format="list")) for level in levels)
    yield from dict.fromkeys(tuple(path) for path in paths)


def at(properties: Mapping[str, JsonValue], path: tuple[str, ...]) -> JsonValue:
    """The value at the path; None where there is none."""
    value: JsonValue = dict(properties)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _rows(path: tuple[str, ...], before: JsonValue, after: JsonValue) -> Iterator[FieldChange]:
    if isinstance(after, dict) and after:
        for name, value in after.items():
            yield from _rows((*path, name), before.get(name) if isinstance(before, dict) else None, value)
    else:
        yield FieldChange(path, before, after)
