"""`defaults` of a document: what all its extensions share, and what an extension declares besides
them.
"""

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
    """The members of configurations that every body has with the same value; nothing for fewer than
    two bodies.
    """
    if len(bodies) < 2:
        return {}
    first = bodies[0]
    defaults: Properties = {}
    for name in COMPLEX_PROPERTIES:
        members = first.get(name)
        if isinstance(members, dict):
            common = {
                member: value
                for member, value in members.items()
                if _all_have(bodies, name, member, value)
            }
            if common:
                defaults[name] = common
    return defaults


def _all_have(bodies: Sequence[Properties], name: str, member: str, value: JsonValue) -> bool:
    configurations = (body.get(name) for body in bodies)
    return all(
        isinstance(each, dict) and each.get(member, None) == value for each in configurations
    )


def beside(defaults: Mapping[str, JsonValue], body: Properties) -> Properties:
    """What the body declares besides the canonical defaults, and null for their other members.

    The loader rejects a null that is not allowed; then these defaults do not fit the extension.
    """
    own: Properties = {}
    for name, value in body.items():
        default = defaults.get(name)
        if (
            isinstance(value, dict)
            and isinstance(default, dict)
            and not _types_differ(default, value)
        ):
            members = _members_beside(default, value)
            if members:
                own[name] = members
        elif name not in defaults or not _same(name, default, value):
            own[name] = value
    return own | {
        name: None for name, default in defaults.items() if name not in body and default is not None
    }


def _members_beside(default: Properties, value: Properties) -> Properties:
    own = {
        member: content
        for member, content in value.items()
        if member not in default or not _same(member, default[member], content)
    }
    inherited = (
        member
        for member, content in default.items()
        if member != ODATA_TYPE and content is not None
    )
    return own | {member: None for member in inherited if member not in value}


def _types_differ(default: Properties, value: Properties) -> bool:
    types = [configuration.get(ODATA_TYPE) for configuration in (default, value)]
    return None not in types and short_type(types[0]) != short_type(types[1])


def _same(name: str, default: JsonValue, value: JsonValue) -> bool:
    return short_type(default) == short_type(value) if name == ODATA_TYPE else default == value
