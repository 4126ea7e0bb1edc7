"""Edits of a text at the positions of its values: replace, add, remove. No other
character changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.adopt.positions import Piece, line_end, line_start
from reconciler.declarable.yaml_text import (
    STEP,
    block,
    block_scalar,
    flow,
    in_flow,
    key,
    reads_as_lines,
    scalar,
)
from reconciler.loader.variables import escaped
from reconciler.model.json_values import JsonValue
from reconciler.model.odata import ODATA_TYPE
from reconciler.render.escape import shows, yaml_quoted

_HEAD = re.compile(r"(?:!\S*\s+)?[|>](?:([1-9])[+-]?|[+-]([1-9])?)?")
"""The head of a block scalar: a tag, then in either order the indentation and the chomping
indicator.
"""
_COMMA = re.compile(r"(?:\s|#[^\r\n\x85\u2028\u2029]*)*+,")
"""A comma with the comments before it, which can contain commas too."""
_EOL = re.compile(r"\r\n|[\r\n]")


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """New text that replaces `start` to `end`. `column`: the indentation of the lines
    that it adds.
    """

    start: int
    end: int
    text: str
    column: int = 0


def spliced(text: str, splices: Iterable[Splice]) -> str | None:
    """The text with every splice applied; None if two overlap.

    Of splices that add lines at the same place, the most indented comes first: a less indented line
    ends the block.
    """
    parts, done = [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end, -splice.column)):
        if splice.start < done:
            return None
        parts += [text[done : splice.start], splice.text]
        done = splice.end
    return "".join([*parts, text[done:]])


def replaced(text: str, holder: Piece, name: str, value: JsonValue) -> list[Splice]:
    """Replaces the value of a property in its position, with its quotes, its block style and its
    comment if possible.
    """
    old = holder.member(name)
    if old is None:
        return []
    if old.style in ("|", ">"):
        return _block_replaced(text, holder, old, value)
    if old.text is not None:
        return [Splice(old.start, old.end, _in_style(old, value, in_flow_style=holder.flow))]
    if old.flow:
        return [Splice(old.start, old.end, on_one_line(holder, value))]
    # An object in block style: its lines go, the comment after its name stays.
    colon = text.index(":", holder.keys[name].end) + 1
    return [
        Splice(colon, colon, f" {on_one_line(holder, value)}"),
        Splice(line_end(text, colon), line_end(text, old.end), ""),
    ]


def _in_style(old: Piece, value: JsonValue, *, in_flow_style: bool) -> str:
    """The value in the quotes of the old scalar, if these can hold it."""
    if isinstance(value, dict):
        return flow(value)
    if not isinstance(value, str):
        return scalar(value)
    if old.style == "'" and shows(value):
        return "'" + escaped(value).replace("'", "''") + "'"
    return yaml_quoted(escaped(value)) if old.style == '"' else scalar(value, flow=in_flow_style)


def _block_replaced(text: str, holder: Piece, old: Piece, value: JsonValue) -> list[Splice]:
    """Replaces the lines of a block scalar, and the chomping indicator in its head; the comment
    after it stays.
    """
    head = _HEAD.match(text, old.start)
    if head is None:
        return []
    first = line_end(text, head.end())
    if not isinstance(value, str) or not reads_as_lines(value):
        return [Splice(old.start, head.end(), scalar(value)), Splice(first, old.end, "")]
    digit = head[1] or head[2] or ""
    indent = _indent_of_lines(text[first : old.end], holder, digit)
    mark, *lines = block_scalar(value, indent)
    new_lines = "".join(f"{eol_of(text)}{line}" for line in lines)
    return [
        Splice(old.start, head.end(), f"{mark[0]}{digit}{mark[1:]}"),
        Splice(first, old.end, new_lines),
    ]


def _indent_of_lines(old_lines: str, holder: Piece, digit: str) -> int:
    """The indentation of a block scalar's lines: as its head says, else as its first line has."""
    column = next(iter(holder.keys.values())).column
    if digit:
        return column + int(digit)
    below = old_lines.lstrip("\r\n")
    return len(below) - len(below.lstrip(" ")) or column + STEP


def added(text: str, holder: Piece, name: str, value: JsonValue) -> list[Splice]:
    """Adds a property at the end of a mapping, in the style of the mapping."""
    if not holder.flow:
        indent = next(iter(holder.keys.values())).column
        lines = [line for line, _ in block({name: value}, indent)]
        at = line_end(text, holder.end)
        return [Splice(at, at, "".join(f"{eol_of(text)}{line}" for line in lines), indent)]
    entry = f"{key(name, quoted=_quotes(holder))}: {on_one_line(holder, value)}"
    values = list((holder.entries or {}).values())
    at = values[-1].end if values else holder.start + 1
    return [Splice(at, at, f", {entry}" if values else entry)]


def removed(text: str, holder: Piece, name: str) -> list[Splice]:
    """Removes a property with its lines, or in flow style with a comma; comments between it and
    others stay.
    """
    if holder.flow:
        return _removed_from_flow(text, holder, name)
    start, end = holder.keys[name].start, line_end(text, (holder.entries or {})[name].end)
    lines = _own_lines(text, start, end)
    return [Splice(*lines, "")] if lines else []


def _removed_from_flow(text: str, holder: Piece, name: str) -> list[Splice]:
    """The property goes with the comma before it; the first one with the comma after it."""
    entries = holder.entries or {}
    names = list(entries)
    at, start, end = names.index(name), holder.keys[name].start, entries[name].end
    is_first, is_last = at == 0, at == len(names) - 1
    left = start if is_first else entries[names[at - 1]].end
    right = holder.end - 1 if is_last else holder.keys[names[at + 1]].start
    if "#" not in text[left:start] + text[end:right]:
        if not is_first:
            return [Splice(left, end, "")]
        return [Splice(start, end if is_last else right, "")]
    # Comments stand beside it: only its own lines and one comma go.
    own = _own_lines(text, start, end) or (start, end)
    comma = _COMMA.match(text, end if is_first else left)
    return [Splice(*own, ""), *([Splice(comma.end() - 1, comma.end(), "")] if comma else [])]


def _own_lines(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The range with the line break before it; None if its lines contain something else."""
    begin = line_start(text, start)
    if text[begin:start].strip(" ") or text[end : line_end(text, end)].strip(" "):
        return None
    return begin - (2 if text[begin - 2 : begin] == "\r\n" else 1), end


def on_one_line(holder: Piece, value: JsonValue) -> str:
    """The value on one line, quoted as in JSON if the mapping is."""
    return in_flow(value, quoted=_quotes(holder))


def _quotes(holder: Piece) -> bool:
    """True if the mapping quotes names that need no quotes."""
    return any(name.style == '"' and name.text != ODATA_TYPE for name in holder.keys.values())


def eol_of(text: str) -> str:
    """The line break of the text; the ones that only YAML knows are not written, since no editor
    shows them.
    """
    match = _EOL.search(text)
    return match[0] if match else "\n"
