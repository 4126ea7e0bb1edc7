"""A YAML document as nodes with places, and as plain data that is validated against a
JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from reconciler.model.json_values import JsonValue

NULLS = frozenset({"null", "Null", "NULL", "~"})
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""The texts that are booleans in both YAML versions: `no` and `on` are text in one of them."""
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})", re.ASCII)
"""A decimal in both YAML versions: a leading zero means octal in one of them, so such text stays
text.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Text as its author wrote it; `plain`: without quotes and tag, so that it can be null, a
    number or a boolean.

    `given_by`: the variable that the whole text comes from, as a message names it; such a text can
        be a number or a boolean too.
    """

    line: int
    column: int
    text: str
    plain: bool
    given_by: str = ""

    @property
    def is_null(self) -> bool:
        """True for a written null."""
        return self.plain and self.text in NULLS


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A property: the place of its name, and its value."""

    line: int
    column: int
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """Properties in the order written; the place is that of the first name."""

    line: int
    column: int
    entries: dict[str, Entry]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """Items in the order written."""

    line: int
    column: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """A value whose fault has been reported; nothing else is reported about it."""

    line: int
    column: int


Node: TypeAlias = Scalar | Mapping | Sequence | Broken

JsonType = Literal["integer", "boolean"]
"""The types, besides text, that a value without quotes can have."""
JsonTypes: TypeAlias = MappingOf[str, JsonType]
"""The properties that hold no text, with their types."""


def data_of(node: Node, types: JsonTypes = MappingProxyType({}), name: str = "") -> JsonValue:
    """The node as JSON. `types` are the properties that hold no text, `name` is the property that
    holds this node.

    Everything else that is not null is text, so that `no`, `1e3` and dates stay what the author
    wrote. Recursion is safe: the tree builder allows few levels.
    """
    if isinstance(node, Scalar):
        if node.is_null:
            return None
        return _read_as(types.get(name), node)
    if isinstance(node, Mapping):
        return {key: data_of(entry.value, types, key) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [data_of(each, types) for each in node.items]
    return None


def _read_as(json_type: JsonType | None, node: Scalar) -> JsonValue:
    """The value of this type, if it is written without quotes, or comes from a variable alone,
    which JSON must put in quotes; otherwise the text.
    """
    if node.plain or node.given_by:
        if json_type == "integer" and _INTEGER.fullmatch(node.text):
            return int(node.text)
        if json_type == "boolean":
            return _BOOLEANS.get(node.text, node.text)
    return node.text


def member(node: Node | None, name: str) -> Node | None:
    """The value of a property; None without such a property, or for a node that is not a
    mapping.
    """
    if isinstance(node, Mapping) and name in node.entries:
        return node.entries[name].value
    return None


def text_of(node: Node | None) -> str | None:
    """The text of a scalar that is not null; None for other nodes."""
    return node.text if isinstance(node, Scalar) and not node.is_null else None
