"""When two declarations of a kind, in the same parents, are the same object: by id if both have
one, otherwise by name.

Display names are not unique in Graph, so two declarations with different ids can have the same
name.
"""

from __future__ import annotations

from typing import TypeAlias

from reconciler.model.names import folded

Key: TypeAlias = tuple[str, str]


def occupied_keys(pinned_id: str | None, display_name: str | None) -> tuple[Key, ...]:
    """The keys of a declaration in its parents: its id, and its name, as of a declaration with or
    without an id.
    """
    if pinned_id is None:
        return _named("name", display_name)
    return ("id", pinned_id.casefold()), *_named("pinned name", display_name)


def conflicting_keys(pinned_id: str | None, display_name: str | None) -> tuple[Key, ...]:
    """The keys that no other declaration in the same parents must have."""
    if pinned_id is None:
        return *_named("name", display_name), *_named("pinned name", display_name)
    return ("id", pinned_id.casefold()), *_named("name", display_name)


def _named(kind: str, display_name: str | None) -> tuple[Key, ...]:
    return () if display_name is None else ((kind, folded(display_name)),)
