"""`defaults` of a document: what all its objects share, and what an object declares besides them.

All values are flat and canonical.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.declarable.written import Written, part_of
from reconciler.model.fields import Fields
from reconciler.model.objects import Path, Properties, Value
from reconciler.model.odata import ODATA_TYPE


def shared(bodies: Sequence[tuple[Fields, Written]]) -> Properties:
    """The members of objects that every body whose kind can have them has with the same value;
    nothing where fewer than two can.
    """
    defaults: Properties = {}
    for name in dict.fromkeys(name for fields, _ in bodies for name in fields.objects):
        able = [part_of(body, name) for fields, body in bodies if name in fields.top]
        if len(able) > 1:
            defaults |= _common(able)
    return defaults


def _common(parts: Sequence[Properties]) -> Properties:
    first, *others = parts
    return {
        path: value
        for path, value in first.items()
        if len(path) > 1 and _all_have(others, path, value)
    }


def _all_have(parts: Sequence[Properties], path: Path, value: Value) -> bool:
    return all(part.get(path) == value for part in parts)


def defaults_of(fields: Fields, defaults: Mapping[Path, Value]) -> Properties:
    """The defaults that an object of this kind inherits."""
    return {path: value for path, value in defaults.items() if path[0] in fields.top}


def beside(defaults: Mapping[Path, Value], body: Written) -> Written:
    """What the body declares besides the defaults, and null for their other members.

    The loader rejects a null that is not allowed; then these defaults do not fit the object.
    """
    own: Written = {}
    for name in dict.fromkeys(path[0] for path in (*body, *defaults)):
        own |= _part_beside(name, part_of(defaults, name), part_of(body, name))
    return own


def _part_beside(name: str, default: Properties, value: Written) -> Written:
    """The same for one top-level member."""
    if not value:
        return {} if default == {(name,): None} else {(name,): None}
    if _has_members(name, default) and _has_members(name, value) and _same_type(default, value):
        return _members_beside(default, value)
    return {} if value == default else value


def _has_members(name: str, part: Properties) -> bool:
    """True for an object, also for one that is `{}`."""
    return bool(part) and part.get((name,), {}) == {}


def _same_type(default: Properties, value: Written) -> bool:
    """False if both name their types, and these differ."""
    types = {path: kept for path, kept in value.items() if path[-1] == ODATA_TYPE}
    return all(default.get(path, kept) == kept for path, kept in types.items())


def _members_beside(default: Properties, value: Written) -> Written:
    own = {
        path: content
        for path, content in value.items()
        if len(path) > 1 and (path not in default or default[path] != content)
    }
    cleared: Written = {
        path: None
        for path, inherited in default.items()
        if len(path) > 1 and path not in value and path[-1] != ODATA_TYPE and inherited is not None
    }
    return own | cleared
