"""The properties of one object as a file writes them: flat, and as a mapping.

`Written` is flat like `Properties`, in the order in which it is written. Beside the properties it
has the type, the pinned id, and the inner parents of the object. It has no default types.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from reconciler.declarable.names import Names
from reconciler.model.fields import Fields
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.kind import Kind
from reconciler.model.objects import NAME, ObjectRef, Observed, Path, Properties, Value
from reconciler.model.odata import ODATA_TYPE, odata_type

Written: TypeAlias = Properties


def written(kind: Kind, live: Observed, names: Names, *, pinned: bool, nulls: bool) -> Written:
    """The live properties as a file declares them: without default types, and without nulls unless
    `nulls` is true.
    """
    head: Written = {(ODATA_TYPE,): live.ref.type} if kind.fields.types else {}
    name = names.name(live.ref) if kind.is_foreign else None
    if pinned or (kind.is_foreign and name is None):
        head[("id",)] = live.id
    for parent in live.parents[1:]:
        head[member_name(parent.kind)] = names.reference(parent)
    if name is not None:
        head[NAME] = name
    properties: Written = {
        path: value
        for path, value in live.properties.items()
        if (value is not None or nulls) and _is_declared(path, value, kind)
    }
    emptied: Written = {
        (name,): {}
        for name in kind.fields.objects
        if not part_of(properties, name) and exists_without_members(kind.fields, live, name)
    }
    return head | _in_order(kind.fields, properties | emptied)


def _in_order(fields: Fields, properties: Properties) -> Written:
    """The properties in the order of the table; others are last in their object."""
    names, places = list(fields.top), list(fields.members)

    def order(path: Path) -> tuple[int, bool, int, Path]:
        """The object, its type first, then its members."""
        place = places.index(path) if path in places else len(places)
        return names.index(path[0]), path[-1] != ODATA_TYPE, place, path

    return {path: properties[path] for path in sorted(properties, key=order)}


def without(body: Written, part: Path, *, keep_object: bool) -> Written:
    """The body without this part; in place of the last member of an object, `{}` if the object is
    to be kept.
    """
    last = len(part) > 1 and len(part_of(body, part[0])) == 1
    rest: Written = {}
    for path, value in body.items():
        if path[: len(part)] != part:
            rest[path] = value
        elif last and keep_object:
            rest[part[:1]] = {}
    return rest


def part_of(properties: Mapping[Path, Value], name: str) -> Properties:
    """The properties of one top-level member: its value, or the members of the object."""
    return {path: value for path, value in properties.items() if path[0] == name}


def exists_without_members(fields: Fields, live: Observed, name: str) -> bool:
    """True for a live object without a documented member, if its existence alone means something.

    For example, an empty object may say that the service waits for it.
    """
    values = [path for path, value in part_of(live.properties, name).items() if value is not None]
    documented = any(path in fields.members for path in values if len(path) > 1)
    return fields.objects[name].presence and bool(values) and not documented


def as_mapping(properties: Mapping[Path, Value]) -> JsonObject:
    """The properties as a file writes them: nested, types written with `#`, references by name."""
    mapping: JsonObject = {}
    for path, value in properties.items():
        holder = mapping
        for name in path[:-1]:
            holder = cast("JsonObject", holder.setdefault(name, {}))
        holder[path[-1]] = _as_text(path, value)
    return mapping


def _as_text(path: Path, value: Value) -> JsonValue:
    if isinstance(value, ObjectRef):
        return value.display_name if value.id is None else {"id": value.id}
    return odata_type(str(value)) if path[-1] == ODATA_TYPE else value


def _is_declared(path: Path, value: Value, kind: Kind) -> bool:
    """True for every path but that of a type which a file need not name; of a foreign object, only
    for what is ours and refers to one object.
    """
    if path[-1] != ODATA_TYPE:
        return not kind.is_foreign or (path in kind.fields.members and not isinstance(value, list))
    field = kind.fields.field(path[:-1])
    return field.chosen and value != field.default_type


def member_name(kind: str) -> Path:
    """The member that names an inner parent: `accessPackage` for an access package."""
    first, *others = kind.split("_")
    return (first + "".join(word.capitalize() for word in others),)
