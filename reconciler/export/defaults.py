"""`defaults` of a document: what all its extensions share, and what an extension still has to say beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.model.types import (
    COMPLEX_PROPERTIES,
    ODATA_TYPE,
    JsonValue,
    Properties,
    short_type,
)


def shared(bodies: Sequence[Properties]) -> Properties:
    """The members of configurations that every body has with the same value; nothing for fewer than two bodies."""
    if len(bodies) < 2:
        return {}
    first = bodies[0]
    defaults: Properties = {}
    for name in COMPLEX_PROPERTIES:
        members = first.get(name)
        if isinstance(members, dict):
            common = {member: value for member, value in members.items() if _all_have(bodies, name, member, value)}
            if common:
                defaults[name] = common
    return defaults


def _all_have(bodies: Sequence[Properties], name: str, member: str, value: JsonValue) -> bool:
    configurations = (body.get(name) for body in bodies)
    return all(isinstance(one, dict) and one.get(member, None) == value for one in configurations)


def beside(defaults: Mapping[str, JsonValue], body: Properties) -> Properties:
    """What the body says beyond the canonical defaults, null for what they say beyond it: merged, they are the body.

    What cannot be null is then refused by whoever reads it; such defaults hold no such extension.
    """
    own: Properties = {}
    for name, value in body.items():
        default = defaults.get(name)
        if isinstance(value, dict) and isinstance(default, dict) and not _types_differ(default, value):
            members = _members_beside(default, value)
            if members:
                own[name] = members
        elif name not in defaults or not _same(name, default, value):
            own[name] = value
    return own | {name: None for name, default in defaults.items() if name not in body and default is not None}


def _members_beside(default: Properties, value: Properties) -> Properties:
    said = {
        member: content
        for member, content in value.items()
        if member not in default or not _same(member, default[member], content)
    }
    silent = (member for member, content in default.items() if member != ODATA_TYPE and content is not None)
    return said | {member: None for member in silent if member not in value}


def _types_differ(default: Properties, value: Properties) -> bool:
    types = [one.get(ODATA_TYPE) for one in (default, value)]
    return None not in types and short_type(types[0]) != short_type(types[1])


def _same(name: str, default: JsonValue, value: JsonValue) -> bool:
    return short_type(default) == short_type(value) if name == ODATA_TYPE else default == value
