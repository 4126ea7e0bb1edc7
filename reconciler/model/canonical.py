"""One canonical form of an extension's writable properties, desired and observed.

Values with several spellings have one spelling here: durations, GUIDs, type names, the two names of
the callback timeout, and the empty text, which becomes null. Read-only properties, annotations and
undocumented members are omitted.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import cast

from reconciler.model.durations import canonical_duration
from reconciler.model.types import (
    CASE_INSENSITIVE,
    COMPLEX_PROPERTIES,
    ODATA_TYPE,
    READ_ONLY_PROPERTIES,
    SCALAR_PROPERTIES,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    WRITABLE_PROPERTIES,
    ComplexProperty,
    JsonValue,
    Properties,
    short_type,
)

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def canonical(body: Mapping[str, object]) -> Properties:
    """The writable properties of an extension's body in their canonical spelling; nulls are kept.

    Example: `{"callbackConfiguration": {"durationBeforeTimeout": "PT60M"}}` becomes
    `{"callbackConfiguration": {"timeoutDuration": "PT1H"}}`.
    """
    properties: Properties = {
        name: _json(_filled(body[name])) for name in SCALAR_PROPERTIES if name in body
    }
    for name, kind in COMPLEX_PROPERTIES.items():
        if name in body:
            value = body[name]
            properties[name] = (
                _canonical_object(kind, value) if isinstance(value, Mapping) else _json(value)
            )
    return properties


def unknown_members(body: Mapping[str, object]) -> Properties:
    """The undocumented members of a live body, by path (`clientConfiguration/retryBackoff`).

    Nulls and `@` annotations are not counted. A PUT does not carry these; whether Graph keeps them
    is open (docs/graph.md §1.5).
    """
    unknown: Properties = {}
    for name, value in body.items():
        kind = COMPLEX_PROPERTIES.get(name)
        if kind is not None and isinstance(value, Mapping):
            known = _known_members(kind, value)
            for member, content in value.items():
                if known is not None and member not in known and _counts(member, content):
                    unknown[f"{name}/{member}"] = _json(content)
        elif (
            name not in WRITABLE_PROPERTIES
            and name not in READ_ONLY_PROPERTIES
            and _counts(name, value)
        ):
            unknown[name] = _json(value)
    return unknown


def _counts(name: str, value: object) -> bool:
    return value is not None and "@" not in name


def _type_name(kind: ComplexProperty, value: Mapping[str, object]) -> str | None:
    return short_type(value.get(ODATA_TYPE)) or kind.default_type


def _known_members(kind: ComplexProperty, value: Mapping[str, object]) -> tuple[str, ...] | None:
    """The members of the object's type, with all their names; None for an undocumented type."""
    known = kind.members.get(_type_name(kind, value) or "")
    return known if known is None or TIMEOUT not in known else (*known, TIMEOUT_IN_DOCUMENTS)


def _canonical_object(kind: ComplexProperty, value: Mapping[str, object]) -> Properties:
    type_name, known = _type_name(kind, value), _known_members(kind, value)
    if known is not None:  # the meaning of "" is only known for documented types
        value = {member: _filled(content) for member, content in value.items()}
    result: Properties = {} if type_name is None else {ODATA_TYPE: type_name}
    for member, content in value.items():
        if member == ODATA_TYPE or "@" in member or (known is not None and member not in known):
            continue
        if member == TIMEOUT_IN_DOCUMENTS:
            if value.get(TIMEOUT) is None:  # if both are present, the name of the schema wins
                result[TIMEOUT] = _canonical_scalar(TIMEOUT, content)
        elif content is not None or member not in result:
            result[member] = _canonical_scalar(member, content)
    if not kind.chosen and type_name == kind.default_type:
        del result[ODATA_TYPE]
    return result


def _filled(value: object) -> object:
    """The value; None for an empty text, which services store as null, or return for null
    (docs/graph.md §2.9).
    """
    return None if value == "" else value


def _canonical_scalar(name: str, value: object) -> JsonValue:
    if isinstance(value, str):
        if name == TIMEOUT:
            return canonical_duration(value)
        return value.lower() if GUID.fullmatch(value) else value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _json(value)


def _json(value: object) -> JsonValue:
    """The value as it is: it came from JSON or from YAML read as JSON."""
    return cast("JsonValue", value)


def folded(name: str | None) -> str:
    """The form in which display names are compared: ignoring case, blanks at the ends, and how
    letters are composed.

    Whether Graph does the same is open (docs/graph.md §2.2); comparing loosely never makes a second
    extension of a name.
    """
    return unicodedata.normalize("NFC", (name or "").strip()).casefold()


def comparable(properties: Mapping[str, JsonValue]) -> Properties:
    """A copy in which equivalent values are equal: names of Azure resources are case-folded."""
    return {
        name: (
            comparable(value)
            if isinstance(value, dict)
            else value.casefold()
            if name in CASE_INSENSITIVE and isinstance(value, str)
            else value
        )
        for name, value in properties.items()
    }


def without_nulls(properties: Mapping[str, JsonValue]) -> Properties:
    """A copy without nulls, at every depth: null and absent mean the same in what Graph answers.

    Source: docs/graph.md §2.9.
    """
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in properties.items()
        if value is not None
    }


def canonical_json(value: object) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")


def sha256(value: object) -> str:
    """`sha256:` and the hexadecimal digest of the value's canonical JSON."""
    import hashlib

    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
