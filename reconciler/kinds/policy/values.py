"""JSON of a policy such that equivalent values are equal.

Null and absent are the same, and so are an empty list and none; durations and times count by value
(docs/graph.md §7.3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.model.durations import canonical_duration
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.odata import ODATA_TYPE

DURATIONS = frozenset(
    (
        "duration",
        "durationBeforeAutomaticDenial",
        "durationBeforeEscalation",
        "gracePeriodBeforeAccessRemoval",
    )
)
"""The members of a policy that hold a duration (docs/graph.md §7.3)."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[-+]\d\d:\d\d)", re.ASCII)
_EMPTY: tuple[JsonValue, ...] = (None, [])


def is_annotation(name: str) -> bool:
    """True for what the service says about a value, `@odata.context` say; but a type is a value."""
    return "@" in name and not name.endswith(ODATA_TYPE)


def by_value(value: Any, name: str = "") -> JsonValue:
    """The value of the member of this name, without annotations, nulls and empty lists at any
    depth.
    """
    if isinstance(value, Mapping):
        return members_by_value(value)
    if isinstance(value, list):
        return [by_value(each, name) for each in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    return _text(value, name) if isinstance(value, str) else value


def members_by_value(value: Mapping[str, Any]) -> JsonObject:
    """The same for an object."""
    members: JsonObject = {}
    for name, inner in value.items():
        plain = None if is_annotation(name) else by_value(inner, name)
        if plain not in _EMPTY:
            members[name] = plain
    return members


def _text(text: str, name: str) -> str:
    if name in DURATIONS:
        return canonical_duration(text)
    if name.endswith("DateTime"):
        return _canonical_time(text)
    return text.removeprefix("#") if name.endswith(ODATA_TYPE) else text


def _canonical_time(text: str) -> str:
    """The time in UTC without trailing zeros; other text as it is."""
    match = _TIME.fullmatch(text)
    if match is None:
        return text
    try:
        moment = datetime.fromisoformat(match[1] + match[3]).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    fraction = (match[2] or "").rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}Z"
