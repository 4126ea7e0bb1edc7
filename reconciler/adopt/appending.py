"""New objects at the end of a document's list, in the style of the list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.adopt.adoption import NewObject
from reconciler.adopt.positions import Piece, line_end
from reconciler.adopt.splices import Splice, eol_of, on_one_line
from reconciler.declarable.yaml_text import STEP, object_text

_BLANK_LINE = re.compile(r"(?>\r\n|[\r\n])[ \t]*[\r\n]")


def appended(text: str, new: Sequence[NewObject]) -> list[Splice]:
    """Adds objects of one kind to their list in one document; in block style each has a comment
    with its live id.
    """
    document, plural = new[0].document.piece, new[0].kind.plural
    listed = document.member(plural)
    if listed is None or listed.items is None:
        return []
    colon = text.index(":", document.keys[plural].end) + 1
    is_replaceable = _is_replaceable(text, document, listed, colon)
    if listed.flow and not is_replaceable:
        return [_in_flow(document, listed, new)]
    eol, at = eol_of(text), line_end(text, listed.end)
    apart = eol if _are_apart(text, listed.items) else ""
    if is_replaceable:
        indent = document.column + STEP
        lines = _in_block(text, new, indent, between=apart)
        return [Splice(colon, listed.end, ""), Splice(at, at, f"{eol}{lines}", indent)]
    lines = _in_block(text, new, listed.column, between=apart)
    return [Splice(at, at, f"{eol}{apart}{lines}", listed.column)]


def _is_replaceable(text: str, document: Piece, listed: Piece, colon: int) -> bool:
    """True for `[]` without a comment in it, which a list in block style can replace."""
    around = text[colon : listed.start] + text[listed.start + 1 : listed.end - 1]
    return not document.flow and not listed.items and not around.strip()


def _in_flow(document: Piece, listed: Piece, new: Sequence[NewObject]) -> Splice:
    """Quoted as the last object of the list is, or else the document."""
    last = listed.items[-1] if listed.items else None
    bodies = ", ".join(on_one_line(last or document, entry.body) for entry in new)
    if last is None:
        return Splice(listed.start + 1, listed.start + 1, bodies)
    return Splice(last.end, last.end, f", {bodies}")


def _in_block(text: str, new: Sequence[NewObject], indent: int, *, between: str) -> str:
    """The lines of the objects, `between` them a blank line or nothing."""
    eol = eol_of(text)
    texts = (object_text(entry.live_id, entry.body, indent, eol) for entry in new)
    return f"{eol}{between}".join(text.removesuffix(eol) for text in texts)


def _are_apart(text: str, entries: Sequence[Piece]) -> bool:
    """True if blank lines separate the entries of the list, or there is at most one."""
    if len(entries) < 2:
        return True
    return _BLANK_LINE.search(text, entries[-2].end, entries[-1].start) is not None
