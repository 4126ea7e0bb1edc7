"""A YAML document as nodes with places, and as plain data that is validated against a
JSON Schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.model.json_values import JsonValue

NULLS = frozenset({"null", "Null", "NULL", "~"})
INTEGER_PROPERTIES = frozenset({"timeoutInMilliseconds", "maximumRetries"})
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


def data_of(node: Node, name: str = "") -> JsonValue:
    """The node as JSON; `name` is the property it belongs to, since only two properties hold
    numbers.

    Everything else that is not null is text, so that `no`, `1e3` and dates stay what the author
    wrote. Recursion is safe: the tree builder allows few levels.
    """
    if isinstance(node, Scalar):
        if node.is_null:
            return None
        if (
            name in INTEGER_PROPERTIES
            and (node.plain or node.given_by)
            and _INTEGER.fullmatch(node.text)
        ):
            return int(node.text)
        return node.text
    if isinstance(node, Mapping):
        return {key: data_of(entry.value, key) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [data_of(item) for item in node.items]
    return None


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
