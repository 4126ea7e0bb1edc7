"""The text of a file as a tree of values with their positions, for edits that change
nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.yaml.events import events
from reconciler.yaml.mistakes import LINE_BREAK

_BREAK = re.compile(LINE_BREAK)
_BREAKS = "\n\r\x85\u2028\u2029"


@dataclass(slots=True, eq=False)
class Piece:
    """A value in the text. A scalar has `text`; a mapping has `entries`, a sequence `items`.

    `start` and `end` count characters; `style` is the quote or `|` or `>`, "" for plain. `fixed`:
    it is an alias, or has an anchor, or is inside of a value with an anchor, so that an edit could
    change more than this value.
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
        """Line and column from 1, as the loader reports them: those of the first name in
        a mapping.
        """
        first = next(iter(self.keys.values()), self)
        return first.line + 1, first.column + 1

    def member(self, name: str) -> Piece | None:
        """The value of a property; None without such a property, or if this is not a mapping."""
        return (self.entries or {}).get(name)


def pieces(text: str) -> list[Piece]:
    """The documents of a text that the loader has taken; what it refuses (duplicate keys, deep
    nesting) is not here.
    """
    documents: list[Piece] = []
    open_: list[tuple[Piece, Piece | None]] = []
    for event in events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            piece = open_.pop()[0]
            piece.end = _place(event.end_mark)[0] if piece.flow else _last_end(piece)
        elif isinstance(event, yaml.NodeEvent):
            piece = _piece(event, inside_fixed=bool(open_) and open_[-1][0].fixed)
            if piece.style in ("|", ">"):
                piece.end = line_end(
                    text, piece.start + len(text[piece.start : piece.end].rstrip())
                )
            _put(piece, open_, documents)
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((piece, None))
    return documents


def _place(mark: Any) -> tuple[int, int, int]:
    """Offset, line and column of the mark, from 0. PyYAML has two classes of marks, one for each
    parser.
    """
    return mark.index, mark.line, mark.column


def line_end(text: str, at: int) -> int:
    """The end of the line of this offset, without its line break."""
    match = _BREAK.search(text, at)
    return match.start() if match else len(text)


def line_start(text: str, at: int) -> int:
    """The start of the line of this offset."""
    return max(text.rfind(character, 0, at) for character in _BREAKS) + 1


def breaks(text: str, start: int = 0, end: int | None = None) -> int:
    """How many lines end between two offsets."""
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
    """Adds a piece to the tree: as a document, an item, a name, or the value of the name
    before it.
    """
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
    """The end of the last value of a block collection; the parser reports only the start of the
    next token.
    """
    inside = piece.items if piece.items is not None else list((piece.entries or {}).values())
    return inside[-1].end if inside else piece.start
