"""Values as JSON has them, and their canonical bytes."""

from __future__ import annotations

import json
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | dict[str, JsonValue] | list[JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"


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


def without_nulls(value: JsonValue) -> JsonValue:
    """A copy without null members, at every depth: null and absent mean the same in what Graph
    answers. A null in a list is kept: without it the others would move.

    Source: docs/graph.md §2.9.
    """
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(member) for name, member in value.items() if member is not None}
