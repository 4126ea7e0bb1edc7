"""A declaration merged with `defaults`: one mapping whose entries keep their places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.fields import Fields
from reconciler.model.kind import Kind
from reconciler.model.nodes import Entry, Mapping, Node, member, text_of
from reconciler.model.objects import Path
from reconciler.model.odata import ODATA_TYPE


def defaults_for(kind: Kind, defaults: Node | None, kinds: Iterable[Kind]) -> Node | None:
    """The defaults without the members that only others of these kinds have."""
    if not isinstance(defaults, Mapping):
        return defaults
    foreign = {name for other in kinds for name in other.fields.top if name not in kind.fields.top}
    entries = {name: entry for name, entry in defaults.entries.items() if name not in foreign}
    return Mapping(defaults.line, defaults.column, entries)


def merged(defaults: Node | None, written: Mapping, fields: Fields) -> Mapping:
    """The declaration with every default that it does not override; its own values, including null,
    override defaults.

    An object that both have is merged member by member, unless the two name different types.
    """
    entries = dict(defaults.entries) if isinstance(defaults, Mapping) else {}
    for name in fields.own_names():
        entries.pop(name, None)
    for name, own in written.entries.items():
        default = entries.get(name)
        if default is None:
            entries[name] = own
        else:
            value = _over(default.value, own.value, name, fields)
            entries[name] = Entry(own.line, own.column, value)
    return Mapping(written.line, written.column, entries)


def inherited_paths(defaults: Node | None, whole: Mapping, fields: Fields) -> frozenset[Path]:
    """The paths whose values come from the defaults, in canonical names."""
    paths: set[Path] = set()
    for name, entry in whole.entries.items():
        default = defaults.entries.get(name) if isinstance(defaults, Mapping) else None
        if entry is default:
            paths.add((name,))
        elif default is not None:
            paths.update((name, inner) for inner in _kept_members(default.value, entry.value))
    return frozenset(fields.canonical_paths.get(path, path) for path in paths)


def _kept_members(default: Node, merged_value: Node) -> Iterator[str]:
    """The members of an object that are still those of the default."""
    if isinstance(default, Mapping) and isinstance(merged_value, Mapping):
        for name, entry in merged_value.entries.items():
            if default.entries.get(name) is entry:
                yield name


def _over(default: Node, own: Node, name: str, fields: Fields) -> Node:
    """The object `name` of the declaration over that of the defaults; or its own value alone."""
    if not isinstance(default, Mapping) or not isinstance(own, Mapping):
        return own
    if _types_differ(default, own, fields):
        return own
    replaced = _other_names(own, name, fields)
    kept = {inner: entry for inner, entry in default.entries.items() if inner not in replaced}
    return Mapping(own.line, own.column, kept | own.entries)


def _other_names(written: Mapping, outer: str, fields: Fields) -> set[str]:
    """The other names of the members written in the object `outer`, which defaults may use."""
    others: set[str] = set()
    for path, field in fields.members.items():
        names = {path[-1], *field.aliases}
        if path[:-1] == (outer,) and names.intersection(written.entries):
            others |= names.difference(written.entries)
    return others


def _types_differ(default: Mapping, own: Mapping, fields: Fields) -> bool:
    types = [text_of(member(mapping, ODATA_TYPE)) for mapping in (default, own)]
    return None not in types and fields.short_type(types[0]) != fields.short_type(types[1])
