"""A YAML document as nodes with places, and as plain data that is validated against a
JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.model.json_values import JsonValue

NULLS = frozenset({"null", "Null", "NULL", "~"})
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})", re.ASCII)
"""A decimal in both YAML versions: a leading zero means octal in one of them, so such text stays
text.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Text as its author wrote it; `plain`: without quotes and tag, so that it can be null or a
    number.

    `given_by`: the variable that the whole text comes from, as a message names it; such a text can
        be a number too.
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


def data_of(node: Node, numbers: Container[str] = (), name: str = "") -> JsonValue:
    """The node as JSON. `numbers` are the properties that hold whole numbers, `name` is the
    property that holds this node.

    Everything else that is not null is text, so that `no`, `1e3` and dates stay what the author
    wrote. Recursion is safe: the tree builder allows few levels.
    """
    if isinstance(node, Scalar):
        if node.is_null:
            return None
        return int(node.text) if name in numbers and _is_number(node) else node.text
    if isinstance(node, Mapping):
        return {key: data_of(entry.value, numbers, key) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [data_of(each, numbers) for each in node.items]
    return None


def _is_number(node: Scalar) -> bool:
    """True for digits without quotes, or from a variable alone, which JSON must put in quotes."""
    written_as_number = node.plain or bool(node.given_by)
    return written_as_number and _INTEGER.fullmatch(node.text) is not None


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
