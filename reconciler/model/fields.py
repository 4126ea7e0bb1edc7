"""The table of a kind's writable members, and the one canonical form that it defines.

Values with several spellings have one spelling here: durations, GUIDs, type names, aliases of a
name, and the empty text, which becomes null. Read-only properties, annotations and undocumented
members are not in it. Canonical form, comparison, request bodies, defaults, export and adoption all
read this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.names import GUID, folded
from reconciler.model.objects import ObjectRef, Path, Properties, Value
from reconciler.model.odata import ODATA_TYPE, odata_type, short_type

Spelling = Callable[[JsonValue], Value]


def as_written(value: JsonValue) -> Value:
    """The value; null for an empty text, which services store as null, or return for null.

    Source: docs/graph.md §2.9.
    """
    return None if value == "" else value


def canonical_scalar(value: JsonValue) -> Value:
    """The same, with GUIDs in lower case and whole numbers without a fraction."""
    if isinstance(value, str):
        return as_written(value.lower() if GUID.fullmatch(value) else value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """One writable member.

    * `spelling`: the canonical form of a value.
    * `ignore_case`: values that differ in case alone are equal.
    * `aliases`: other names of the member; the service may know only one of them.
    * `types`: of an object: its types with their members. `default_type` when `@odata.type` is
      omitted. `chosen`: the author chooses the type, so that another live type is a difference;
      otherwise the service decides, and the type is only passed on. `presence`: an object without
      members has a meaning of its own.
    * `only_types`: the types of the object itself that have the member; all if it is empty.
    * `computed_from`: the service looks the value up from these members where it is not declared.
    * `refers_to`: the kind of the object that the value names. `referred_type`: the type that this
      object must have; None: any.
    * `own`: never inherited from `defaults`. `optional`: an export may leave it out. `nullable`: a
      file may clear it with null. `number`, `boolean`: a whole number, or true or false, written
      without quotes.
    """

    spelling: Spelling = canonical_scalar
    ignore_case: bool = False
    aliases: tuple[str, ...] = ()
    types: Mapping[str, tuple[str, ...]] | None = None
    default_type: str | None = None
    chosen: bool = False
    presence: bool = False
    only_types: tuple[str, ...] = ()
    computed_from: tuple[Path, ...] = ()
    refers_to: str | None = None
    referred_type: str | None = None
    own: bool = False
    optional: bool = False
    nullable: bool = False
    number: bool = False
    boolean: bool = False


@dataclass(frozen=True)
class Fields:
    """The table: path → field. `types` are the documented types of the object itself.

    `read_only` are the documented members that nobody writes.
    """

    members: Mapping[Path, Field]
    types: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ("id",)

    @cached_property
    def top(self) -> dict[str, Field]:
        """The members of the object itself, by name."""
        return {path[0]: field for path, field in self.members.items() if len(path) == 1}

    @cached_property
    def objects(self) -> dict[str, Field]:
        """Those of them that are objects."""
        return {name: field for name, field in self.top.items() if field.types is not None}

    @cached_property
    def refers_to(self) -> frozenset[str]:
        """The kinds of the objects that the members refer to."""
        kinds = (field.refers_to for field in self.members.values())
        return frozenset(kind for kind in kinds if kind)

    @cached_property
    def computed(self) -> dict[Path, tuple[Path, ...]]:
        """The computed members, with the members that they are looked up from."""
        return {
            path: field.computed_from for path, field in self.members.items() if field.computed_from
        }

    @cached_property
    def canonical_paths(self) -> dict[Path, Path]:
        """The path of an alias → the path in canonical form."""
        return {
            (*path[:-1], alias): path
            for path, field in self.members.items()
            for alias in field.aliases
        }

    @cached_property
    def _known_types(self) -> dict[str, str]:
        names = [*self.types]
        for field in self.objects.values():
            names += field.types or ()
        return {name.casefold(): name for name in names}

    def field(self, path: Path) -> Field:
        """The field at the path; one without properties of its own for an unknown member."""
        return self.members.get(path, _UNKNOWN)

    def has(self, type_name: str | None, path: Path) -> bool:
        """True if objects of this type have the member."""
        only = self.field(path[:1]).only_types
        return not only or type_name in only

    def short_type(self, name: object) -> str:
        """The type without `#microsoft.graph.`, known types in their documented case."""
        return short_type(name, self._known_types)

    def own_names(self) -> tuple[str, ...]:
        """The members that are never inherited from `defaults`, and the id."""
        return ("id", *(name for name, field in self.top.items() if field.own))

    def canonical(self, body: Mapping[str, Any]) -> Properties:
        """The writable properties in a body, flat and in canonical spelling; nulls are kept."""
        properties: Properties = {}
        for name, field in self.top.items():
            if name not in body:
                continue
            value = body[name]
            if field.types is not None and isinstance(value, Mapping):
                properties.update(self._leaves(name, field, value))
            else:
                properties[(name,)] = field.spelling(value)
        return properties

    def observed(self, body: Mapping[str, Any]) -> Properties:
        """The same for an answer, in which null and absent are the same (docs/graph.md §2.9).

        An object that exists without a member of ours is `{}` if that means something, else null.
        """
        properties = self.canonical(body)
        kept: Properties = {}
        for path, value in properties.items():
            if value is not None or len(path) == 1:
                kept[path] = value
        for name, field in self.objects.items():
            exists = isinstance(body.get(name), Mapping)
            if exists and not any(path[0] == name for path in kept):
                kept[(name,)] = {} if field.presence else None
        return kept

    def unknown(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """The undocumented members of a body by path (`clientConfiguration/retryBackoff`), sorted.

        Nulls and `@` annotations are not counted. A PUT does not carry these; whether Graph keeps
        them is open (docs/graph.md §1.5).
        """
        unknown: list[str] = []
        for name, value in body.items():
            field = self.objects.get(name)
            if field is not None and isinstance(value, Mapping):
                unknown += self._unknown_inside(name, field, value)
            elif name not in self.top and name not in self.read_only and _counts(name, value):
                unknown.append(name)
        return tuple(sorted(unknown))

    def comparable(self, path: Path, value: Value) -> JsonValue:
        """The value such that equivalent values are equal."""
        if isinstance(value, ObjectRef):
            return value.id or f"name:{folded(value.display_name)}"
        if isinstance(value, str) and self.field(path).ignore_case:
            return value.casefold()
        if isinstance(value, dict):
            return {name: self.comparable((*path, name), inner) for name, inner in value.items()}
        return value

    def body(
        self, properties: Mapping[Path, Value], names: Mapping[Path, str] | None = None
    ) -> JsonObject:
        """The properties as a request body: nested, types written with `#`.

        `names` replaces the name of a member by an alias. Members that the object's type does not
        have are omitted: they belong to its former type. A computed member that is null is omitted,
        so that the service computes it. An object whose members are all null is null.
        """
        body: JsonObject = {}
        for name in dict.fromkeys(path[0] for path in properties):
            field = self.top.get(name)
            value = properties.get((name,))
            if field is None or field.types is None:
                body[name] = as_json(value)
            elif value is None and (name,) in properties:
                body[name] = None
            else:
                body[name] = self._object_body(name, field, properties, names or {})
        return body

    def _object_body(
        self, name: str, field: Field, properties: Mapping[Path, Value], names: Mapping[Path, str]
    ) -> JsonValue:
        inside = {path: value for path, value in properties.items() if path[0] == name}
        whole = inside.pop((name,), None)
        if not inside and not isinstance(whole, dict):
            return as_json(whole)
        type_name = str(inside.pop((name, ODATA_TYPE), None) or field.default_type or "")
        members = (field.types or {}).get(type_name)
        body: JsonObject = {ODATA_TYPE: odata_type(type_name)} if type_name else {}
        for path, value in inside.items():
            computed = value is None and bool(self.field(path).computed_from)
            if (members is None or path[1] in members) and not computed:
                body[names.get(path, path[1])] = as_json(value)
        cleared = bool(inside) and all(value is None for value in inside.values())
        return None if cleared and not field.presence and not field.chosen else body

    def _leaves(self, name: str, field: Field, value: Mapping[str, Any]) -> Properties:
        """The members of one object. Of an alias and its name, the name wins if it has a value."""
        type_name = self.short_type(value.get(ODATA_TYPE)) or field.default_type
        known = (field.types or {}).get(type_name or "")
        leaves: Properties = {}
        if type_name is not None and (field.chosen or type_name != field.default_type):
            leaves[name, ODATA_TYPE] = type_name
        for member, content in value.items():
            path = self.canonical_paths.get((name, member), (name, member))
            ours = "@" not in member and (known is None or path[1] in known)
            named_too = path[1] != member and value.get(path[1]) not in _EMPTY
            if ours and not named_too and (content not in _EMPTY or path not in leaves):
                leaves[path] = self._spelled(path, content, documented=known is not None)
        return leaves or ({(name,): {}} if field.presence else {})

    def _spelled(self, path: Path, value: JsonValue, *, documented: bool) -> Value:
        """The value in canonical spelling; the meaning of "" is only known for documented types."""
        if value == "" and not documented:
            return value
        return self.field(path).spelling(value)

    def _unknown_inside(self, name: str, field: Field, value: Mapping[str, Any]) -> list[str]:
        type_name = self.short_type(value.get(ODATA_TYPE)) or field.default_type or ""
        known = (field.types or {}).get(type_name)
        if known is None:
            return []
        unknown = []
        for member, content in value.items():
            path = self.canonical_paths.get((name, member), (name, member))
            if path[1] not in known and _counts(member, content):
                unknown.append(f"{name}/{member}")
        return unknown


_UNKNOWN = Field()
_EMPTY = (None, "")


def _counts(name: str, value: object) -> bool:
    return value is not None and "@" not in name


def as_json(value: Value) -> JsonValue:
    """The value as JSON; of a reference its id."""
    if isinstance(value, ObjectRef):
        return value.id
    return value


def value_at(properties: Mapping[Path, Value], path: Path) -> Value:
    """The value at the path: a leaf, an object with its leaves, or None where there is none."""
    if path in properties:
        return properties[path]
    if len(path) != 1:
        return None
    members = members_of(properties, path[0])
    return dict(members) if members else None


def members_of(properties: Mapping[Path, Value], name: str) -> JsonObject:
    """The leaves of one object by the rest of their paths; {} if it has none."""
    return {
        "/".join(path[1:]): as_json(value)
        for path, value in properties.items()
        if path[0] == name and len(path) > 1
    }


def texts_in(values: Iterable[Value]) -> Iterable[JsonValue]:
    """The values for a search of their texts; of a reference its name."""
    for value in values:
        yield value.display_name if isinstance(value, ObjectRef) else value
