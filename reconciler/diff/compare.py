"""Which declared properties differ from the live ones. Undeclared ones do not count; absent and
null are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from reconciler.model.canonical import comparable
from reconciler.model.plan import FieldChange
from reconciler.model.types import COMPLEX_PROPERTIES, LOGIC_APP, ODATA_TYPE, JsonValue, Properties


def compare(
    declared: Mapping[str, JsonValue], live: Mapping[str, JsonValue]
) -> tuple[FieldChange, ...]:
    """One row per declared property (or leaf of it) that differs, sorted by path; both sides are
    canonical.

    Where a type changes, members of the old type show as removed. Where the Logic App changes and
    no `url` is declared, the live `url` shows as removed too: it is the address of the former Logic
    App, and Graph looks up the new one.
    """
    counterpart = _counterpart(declared, live)
    left, right = comparable(counterpart), comparable(declared)
    if left == right:
        return ()
    rows = (
        row
        for path in _differing(left, right)
        for row in _rows(path, at(counterpart, path), at(declared, path))
    )
    return tuple(sorted(rows, key=lambda row: row.path))


def leaves(declared: Mapping[str, JsonValue]) -> tuple[FieldChange, ...]:
    """One row per declared leaf, with `before` null: what a create sets."""
    rows = (row for name, value in declared.items() for row in _rows((name,), None, value))
    return tuple(sorted(rows, key=lambda row: row.path))


def declared_rows(rows: Iterable[FieldChange]) -> list[FieldChange]:
    """The rows of declared properties: without the url of a former Logic App, which no file
    declares.
    """
    return [
        row for row in rows if row.path != ("endpointConfiguration", "url") or row.after is not None
    ]


def _counterpart(declared: Mapping[str, JsonValue], live: Mapping[str, JsonValue]) -> Properties:
    """The live values of the declared properties, with null for those that are absent."""
    counterpart: Properties = {}
    for name, desired in declared.items():
        observed = live.get(name)
        if isinstance(desired, dict) and isinstance(observed, dict):
            counterpart[name] = _counterpart_object(name, desired, observed)
        elif observed is None and _clears_all(desired):
            counterpart[name] = desired
        else:
            counterpart[name] = observed
    return counterpart


def _clears_all(desired: JsonValue) -> bool:
    """True for an object with members, all null: without an object there is nothing to clear."""
    return (
        isinstance(desired, dict)
        and bool(desired)
        and all(value is None for value in desired.values())
    )


def _counterpart_object(name: str, desired: Properties, observed: Properties) -> Properties:
    kind = COMPLEX_PROPERTIES[name]
    if kind.chosen and desired.get(ODATA_TYPE) != observed.get(ODATA_TYPE):
        return {**dict.fromkeys(desired), **observed}
    counterpart: Properties = {member: observed.get(member) for member in desired}
    folded_desired, folded_observed = comparable(desired), comparable(observed)
    moved = any(
        folded_desired.get(member) != folded_observed.get(member)
        for member in LOGIC_APP
        if member in desired
    )
    if moved and observed.get("url") is not None:
        counterpart["url"] = observed["url"]
    return counterpart


def _differing(left: Properties, right: Properties) -> Iterator[tuple[str, ...]]:
    """The paths at which DeepDiff finds a difference; imported here because the import costs 130
    ms.
    """
    from deepdiff import DeepDiff

    levels = [level for group in DeepDiff(left, right, view="tree").values() for level in group]
    # Inside a list the path has numbers; the whole list is then what differs.
    paths = (
        takewhile(lambda step: isinstance(step, str), level.path(output_format="list"))
        for level in levels
    )
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
            yield from _rows(
                (*path, name), before.get(name) if isinstance(before, dict) else None, value
            )
    else:
        yield FieldChange(path, before, after)
