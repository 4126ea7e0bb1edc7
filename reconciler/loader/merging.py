"""An extension merged with `defaults`: one mapping whose entries keep their places."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.nodes import Entry, Mapping, Node, member, text_of
from reconciler.model.types import ODATA_TYPE, TIMEOUT, TIMEOUT_IN_DOCUMENTS, short_type

_OWN = ("id", "displayName")
_TIMEOUTS = (TIMEOUT, TIMEOUT_IN_DOCUMENTS)


def merged(defaults: Node | None, extension: Mapping) -> Mapping:
    """The extension with every default that it does not override; its own values, including null,
    override defaults.

    A configuration that both have is merged property by property, unless the two name different
    types.
    """
    entries = dict(defaults.entries) if isinstance(defaults, Mapping) else {}
    for name in _OWN:
        entries.pop(name, None)
    for name, own in extension.entries.items():
        default = entries.get(name)
        entries[name] = (
            own if default is None else Entry(own.line, own.column, _over(default.value, own.value))
        )
    return Mapping(extension.line, extension.column, entries)


def inherited_paths(defaults: Node | None, whole: Mapping) -> frozenset[tuple[str, ...]]:
    """The paths whose values come from the defaults; the timeout has its canonical name."""
    paths: set[tuple[str, ...]] = set()
    for name, entry in whole.entries.items():
        default = defaults.entries.get(name) if isinstance(defaults, Mapping) else None
        if entry is default:
            paths.add((name,))
        elif default is not None:
            paths.update((name, inner) for inner in _kept_members(default.value, entry.value))
    return frozenset(paths)


def _kept_members(default: Node, merged_value: Node) -> Iterator[str]:
    """The members of a configuration that are still those of the default."""
    if isinstance(default, Mapping) and isinstance(merged_value, Mapping):
        for name, entry in merged_value.entries.items():
            if default.entries.get(name) is entry:
                yield TIMEOUT if name == TIMEOUT_IN_DOCUMENTS else name


def _over(default: Node, own: Node) -> Node:
    if (
        not isinstance(default, Mapping)
        or not isinstance(own, Mapping)
        or _types_differ(default, own)
    ):
        return own
    entries = dict(default.entries)
    if any(name in own.entries for name in _TIMEOUTS):
        for name in _TIMEOUTS:
            entries.pop(name, None)
    return Mapping(own.line, own.column, entries | own.entries)


def _types_differ(default: Mapping, own: Mapping) -> bool:
    types = [text_of(member(mapping, ODATA_TYPE)) for mapping in (default, own)]
    return None not in types and short_type(types[0]) != short_type(types[1])
