"""Values as JSON has them, and their canonical bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | dict[str, JsonValue] | list[JsonValue] | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"


class Digits(float):
    """A number that keeps how it was written: `1.10` is sent back as `1.10`, and equals 1.1."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Digits:
        """The number of a JSON text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


def json_text(value: object) -> str:
    """The JSON text of a value; its numbers have the digits that they were read with.

    Raises:
        ValueError: a number is not finite.
    """
    if isinstance(value, Digits):
        return value.text
    if isinstance(value, Mapping):
        members = (
            f"{json.dumps(name, allow_nan=False)}: {json_text(inner)}"
            for name, inner in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    return json.dumps(value, allow_nan=False)


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
