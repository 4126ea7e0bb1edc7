"""JSON text as trees that lose nothing of it: numbers keep their digits, objects their order.

Independent of the product on purpose: a loss there must not be repeated here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | bool | Number | None"
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number by its digits: `1.0`, `1` and `1e0` are three different ones."""

    digits: str


@dataclass(frozen=True, slots=True)
class Style:
    """What JSON leaves to its writer: escapes, and the space between values."""

    escaped: bool = False
    slash: str = "/"
    comma: str = ","
    colon: str = ":"


COMPACT = Style()
STYLES = (
    COMPACT,
    Style(comma=", ", colon=": "),
    Style(escaped=True, slash="\\/"),
    Style(escaped=True, comma=",\r\n\t", colon=" : "),
)


def parsed(text: str | bytes) -> Any:
    """The tree of a JSON text.

    Raises:
        ValueError: it is not JSON, or an object has a member twice.
    """
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refused,
        object_pairs_hook=_object,
    )


def written(tree: Tree, style: Style = COMPACT) -> str:
    """The JSON text of a tree."""
    if isinstance(tree, Number):
        return tree.digits
    if isinstance(tree, str):
        return _text(tree, style)
    if isinstance(tree, list):
        return f"[{style.comma.join(written(value, style) for value in tree)}]"
    if isinstance(tree, dict):
        members = (
            _text(name, style) + style.colon + written(value, style) for name, value in tree.items()
        )
        return f"{{{style.comma.join(members)}}}"
    return json.dumps(tree)


def _text(text: str, style: Style) -> str:
    quoted = json.dumps(text, ensure_ascii=style.escaped).replace("/", style.slash)
    # Half a surrogate pair has no UTF-8: it exists in JSON only as an escape.
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", quoted)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        raise ValueError(f"a member occurs twice: {sorted(name for name, _ in members)}")
    return value


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
