"""Values → YAML text that YAML 1.1, YAML 1.2 and people read in the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from reconciler.loader.variables import escaped
from reconciler.model.json_values import JsonValue
from reconciler.model.names import GUID
from reconciler.model.objects import Path
from reconciler.render.escape import shows, visible, yaml_quoted

Line: TypeAlias = tuple[str, Path]
"""A line of YAML, and the path of its property."""

STEP = 2
_PLAIN = re.compile(r"[^\W\d_](?:[\w .,;()/'+=&?%!@~:-]*[\w.,;()/'+=&?%!@~-])?")
_PLAIN_IN_FLOW = re.compile(r"[^\W\d_](?:[\w ./+-]*[\w./+-])?")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"})
"""Words that some YAML reader does not read as text, in any case."""


def is_plain(text: str, *, flow: bool = False) -> bool:
    """True if the text needs no quotes in YAML 1.1 and 1.2 and is unambiguous to people;
    conservative.
    """
    if GUID.fullmatch(text):
        return True
    pattern = _PLAIN_IN_FLOW if flow else _PLAIN
    return (
        bool(pattern.fullmatch(text))
        and ": " not in text
        and text.casefold() not in _WORDS
        and shows(text)
    )


def scalar(value: JsonValue, *, flow: bool = False, quoted: bool = False) -> str:
    """The value on one line; text in double quotes if necessary, or if `quoted`."""
    if isinstance(value, str):
        text = escaped(value)
        return text if is_plain(text, flow=flow) and not quoted else yaml_quoted(text)
    return "{}" if value == {} else json.dumps(value, allow_nan=False)


def key(name: str, *, quoted: bool = False) -> str:
    """The name of a property; `@odata.type` always needs its quotes."""
    return name if is_plain(name) and not quoted else yaml_quoted(name)


def block(properties: Mapping[str, JsonValue], indent: int, path: Path = ()) -> Iterator[Line]:
    """The properties in block style; objects are indented, a text of several lines is a block
    scalar.
    """
    for name, value in properties.items():
        here, start = (*path, name), f"{' ' * indent}{key(name)}:"
        if isinstance(value, dict) and value and not path:
            yield start, here
            yield from block(value, indent + STEP, here)
        elif isinstance(value, str) and reads_as_lines(value):
            first, *lines = block_scalar(value, indent + STEP)
            yield f"{start} {first}", here
            yield from ((line, here) for line in lines)
        else:
            yield f"{start} {scalar(value)}", here


def reads_as_lines(text: str) -> bool:
    """True for a text of several lines that can be a block scalar (`|`) without hidden
    characters.
    """
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and not lines[0].startswith(" ")
        and bool(lines[0])
        and bool(lines[-1])
        and all(
            shows(line) and line == line.rstrip() and not line.lstrip().startswith("::")
            for line in lines
        )
    )


def block_scalar(text: str, indent: int) -> list[str]:
    """The text as the lines of a `|` block scalar, its head first."""
    lines = escaped(text).removesuffix("\n").split("\n")
    return [
        "|" if text.endswith("\n") else "|-",
        *(f"{' ' * indent}{line}" if line else "" for line in lines),
    ]


def flow(properties: Mapping[str, JsonValue], *, quoted: bool = False) -> str:
    """The properties on one line: `{timeoutDuration: PT1H}`; `quoted` as JSON writes it."""
    members = (
        f"{key(name, quoted=quoted)}: {in_flow(value, quoted=quoted)}"
        for name, value in properties.items()
    )
    return "{" + ", ".join(members) + "}"


def in_flow(value: JsonValue, *, quoted: bool = False) -> str:
    """The value on one line, inside a mapping that is on one line."""
    if isinstance(value, dict):
        return flow(value, quoted=quoted)
    return scalar(value, flow=True, quoted=quoted)


def object_text(live_id: str, body: Mapping[str, JsonValue], indent: int, eol: str = "\n") -> str:
    """The object as an item of a list with this indentation, under a comment with its
    live id.
    """
    first, *others = (line for line, _ in block(body, indent + STEP))
    lines = [
        f"{' ' * indent}# id {visible(live_id)}",
        f"{' ' * indent}- {first.lstrip(' ')}",
        *others,
    ]
    return "".join(f"{line}{eol}" for line in lines)
