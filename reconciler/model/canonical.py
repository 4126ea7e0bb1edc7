"""One canonical form of an extension's writable properties, for what is declared and for what is live.

Whatever may be spelled in several ways has one spelling here: durations, GUIDs, type names, the two names of the
callback timeout. Read-only properties, annotations and members unknown to the documented types are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import cast

from reconciler.model.durations import canonical_duration
from reconciler.model.types import (
    CASE_INSENSITIVE,
    COMPLEX_PROPERTIES,
    ODATA_TYPE,
    SCALAR_PROPERTIES,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    ComplexProperty,
    JsonValue,
    Properties,
    short_type,
)

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def canonical(body: Mapping[str, object]) -> Properties:
    """The writable properties of an extension's body, each in its one spelling; nulls stay as they are.

    Example: `{"callbackConfiguration": {"durationBeforeTimeout": "PT60M"}}` becomes
    `{"callbackConfiguration": {"timeoutDuration": "PT1H"}}`.
    """
    properties: Properties = {name: _json(body[name]) for name in SCALAR_PROPERTIES if name in body}
    for name, kind in COMPLEX_PROPERTIES.items():
        if name in body:
            value = body[name]
            properties[name] = _canonical_object(kind, value) if isinstance(value, Mapping) else _json(value)
    return properties


def _canonical_object(kind: ComplexProperty, value: Mapping[str, object]) -> Properties:
    type_name = short_type(value.get(ODATA_TYPE)) or kind.default_type
    known = kind.members.get(type_name or "")
    result: Properties = {} if type_name is None else {ODATA_TYPE: type_name}
    for member, content in value.items():
        name = TIMEOUT if member == TIMEOUT_IN_DOCUMENTS else member
        if name == ODATA_TYPE or (known is not None and name not in known) or (known is None and "@" in name):
            continue
        if content is not None or name not in result:
            result[name] = _canonical_scalar(name, content)
    if not kind.chosen and type_name == kind.default_type:
        del result[ODATA_TYPE]
    return result


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


def comparable(properties: Mapping[str, JsonValue]) -> Properties:
    """A copy in which values that mean the same are equal: names of Azure resources are folded to one case."""
    return {
        name: comparable(value)
        if isinstance(value, dict)
        else value.casefold()
        if name in CASE_INSENSITIVE and isinstance(value, str)
        else value
        for name, value in properties.items()
    }


def without_nulls(properties: Mapping[str, JsonValue]) -> Properties:
    """A copy without nulls, at every depth: null and absent mean the same in what Graph answers (contract §1.6)."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in properties.items()
        if value is not None
    }


def canonical_json(value: object) -> bytes:
    """The bytes that are hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def sha256(value: object) -> str:
    """`sha256:` and the hexadecimal digest of the value's canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()
