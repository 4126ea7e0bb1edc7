"""The text of a file as a tree that knows where each value begins and ends, for edits that leave the rest as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.loader.yaml_events import events
from reconciler.loader.yaml_mistakes import LINE_BREAK

_BREAK = re.compile(LINE_BREAK)
_BREAKS = "\n\r\x85\u2028\u2029"


@dataclass(slots=True, eq=False)
class Piece:
    """A value in the text. `text` is that of a scalar; `entries` and `items` are what a collection holds.

    `start` and `end` count characters; `style` is the quote or `|` or `>`, "" for plain. `fixed`: it is an alias, or
    carries an anchor, or stands inside of what does, so that an edit could mean more than this place.
    """

    start: int
    end: int
    line: int
    column: int
    fixed: bool
    flow: bool = False
    style: str = ""
    text: str | None = None
    entries: dict[str, Piece] | None = None
    items: list[Piece] | None = None
    keys: dict[str, Piece] = field(default_factory=dict)

    @property
    def place(self) -> tuple[int, int]:
        """Line and column from 1, as the loader tells them: those of the first name in a mapping."""
        first = next(iter(self.keys.values()), self)
        return first.line + 1, first.column + 1

    def member(self, name: str) -> Piece | None:
        """The value of a property; None where there is no such property, or no mapping."""
        return (self.entries or {}).get(name)


def pieces(text: str) -> list[Piece]:
    """The documents of a text that the loader has taken; what it refuses (duplicate keys, deep nesting) is not here."""
    documents: list[Piece] = []
    open_: list[tuple[Piece, Piece | None]] = []
    for event in events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            piece = open_.pop()[0]
            piece.end = _place(event.end_mark)[0] if piece.flow else _last_end(piece)
        elif isinstance(event, yaml.NodeEvent):
            piece = _piece(event, inside_fixed=bool(open_) and open_[-1][0].fixed)
            if piece.style in ("|", ">"):
                piece.end = line_end(text, piece.start + len(text[piece.start : piece.end].rstrip()))
            _put(piece, open_, documents)
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((piece, None))
    return documents


def _place(mark: Any) -> tuple[int, int, int]:
    """Characters before the mark, its line and its column, from 0; PyYAML has two kinds of marks, for two parsers."""
    return mark.index, mark.line, mark.column


def line_end(text: str, at: int) -> int:
    """Where the line ends in which `at` stands, its line break not included."""
    found = _BREAK.search(text, at)
    return found.start() if found else len(text)


def line_start(text: str, at: int) -> int:
    """Where the line begins in which `at` stands."""
    return max(text.rfind(one, 0, at) for one in _BREAKS) + 1


def breaks(text: str, start: int = 0, end: int | None = None) -> int:
    """How many lines end between the two places."""
    return len(_BREAK.findall(text, start, len(text) if end is None else end))


def _piece(event: yaml.NodeEvent, *, inside_fixed: bool) -> Piece:
    start, line, column = _place(event.start_mark)
    end, _, _ = _place(event.end_mark)
    piece = Piece(start, end, line, column, inside_fixed or event.anchor is not None)
    if isinstance(event, yaml.ScalarEvent):
        piece.style, piece.text = event.style or "", event.value
    elif isinstance(event, yaml.CollectionStartEvent):
        piece.flow = bool(event.flow_style)
        if isinstance(event, yaml.MappingStartEvent):
            piece.entries = {}
        else:
            piece.items = []
    return piece


def _put(piece: Piece, open_: list[tuple[Piece, Piece | None]], documents: list[Piece]) -> None:
    """Puts a piece where it belongs: as a document, an item, a name, or the value of the name before it."""
    if not open_:
        documents.append(piece)
        return
    holder, name = open_[-1]
    if holder.items is not None:
        holder.items.append(piece)
    elif name is None:
        open_[-1] = holder, piece
    else:
        holder.keys[name.text or ""] = name
        if holder.entries is not None:
            holder.entries[name.text or ""] = piece
        open_[-1] = holder, None


def _last_end(piece: Piece) -> int:
    """Where the last value of a block collection ends; the parser itself only tells where the next thing begins."""
    inside = piece.items if piece.items is not None else list((piece.entries or {}).values())
    return inside[-1].end if inside else piece.start
