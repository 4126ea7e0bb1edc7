"""Several declarations of one object whose members are declared in parts → one declaration.

A kind whose objects are found, never created, can be declared so: of each object only some members
are ours, and different files may declare different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.model.json_values import JsonValue
from reconciler.model.names import folded
from reconciler.model.objects import Desired, Observed, Properties
from reconciler.model.reason import Reason, reason


def joined(
    declared: Sequence[Desired], live: Sequence[Observed]
) -> tuple[list[Desired], list[tuple[Desired, Reason]]]:
    """The declarations, those of one live object as one; and those that cannot be joined, because
    both declare the same member, each with the reason. All are in the same parents.
    """
    groups: dict[str, list[Desired]] = {}
    for each in declared:
        groups.setdefault(_identity(each, live), []).append(each)
    whole: list[Desired] = []
    problems: list[tuple[Desired, Reason]] = []
    for group in groups.values():
        why = _overlap(group)
        if why is None:
            whole.append(_together(group))
        else:
            problems += [(each, why) for each in group]
    return whole, problems


def _identity(declared: Desired, live: Sequence[Observed]) -> str:
    """The id of the one object that the declaration names, else how it names it."""
    matches = [observed.id for observed in live if declared.ref.names(observed.ref)]
    if len(matches) == 1:
        return matches[0]
    return declared.ref.id or f"name:{folded(declared.ref.display_name)}"


def _overlap(group: Sequence[Desired]) -> Reason | None:
    """Why these declarations of one object are blocked: two of them declare the same member."""
    paths = [path for each in group for path in each.properties]
    if len(paths) == len(set(paths)):
        return None
    members: list[JsonValue] = ["/".join(path) for path in paths if paths.count(path) > 1]
    places: list[JsonValue] = [f"{each.source.file}:{each.source.line}" for each in group]
    return reason("member_declared_twice", members=[*dict.fromkeys(members)], places=places)


def _together(group: Sequence[Desired]) -> Desired:
    """All that is declared of one object, at the place of the first declaration."""
    first = group[0]
    properties: Properties = {}
    for each in group:
        properties |= each.properties
    pins = [each.ref.id for each in group if each.ref.id]
    names = [each.ref.display_name for each in group if each.ref.display_name]
    ref = replace(first.ref, id=next(iter(pins), None), display_name=next(iter(names), None))
    return replace(first, ref=ref, properties=properties)
