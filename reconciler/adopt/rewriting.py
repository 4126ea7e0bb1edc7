"""Texts and adoptions → the edited texts, and the line of each edit in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.adopt.adoption import Adoption, NewObject
from reconciler.adopt.appending import appended
from reconciler.adopt.positions import breaks
from reconciler.adopt.splices import Splice, spliced
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit


def edited(texts: Mapping[str, str], adopted: Sequence[Adoption]) -> dict[str, str]:
    """All texts with the adoptions; empty if two adoptions would edit the same place."""
    results: dict[str, str] = {}
    for file, text in texts.items():
        new_text = spliced(text, _splices(file, text, adopted))
        if new_text is None:
            return {}
        results[file] = new_text
    return results


def _splices(file: str, text: str, adopted: Sequence[Adoption]) -> list[Splice]:
    """Every splice of one file; the new objects of one list are written together."""
    splices: list[Splice] = []
    lists: dict[tuple[int, str], list[NewObject]] = {}
    for adoption in adopted:
        if adoption.file == file:
            splices += adoption.splices
            if adoption.new is not None:
                new = adoption.new
                lists.setdefault((new.document.piece.start, new.kind.plural), []).append(new)
    for of_one_list in lists.values():
        splices += appended(text, of_one_list)
    return splices


def placed(
    texts: Mapping[str, str], new_texts: Mapping[str, str], adopted: Sequence[Adoption]
) -> Iterator[Edit]:
    """The edits with their lines in the new texts."""
    splices = {file: _splices(file, text, adopted) for file, text in texts.items()}
    for adoption in adopted:
        file = adoption.file
        line = _line_of_new(adoption.new, new_texts[file]) if adoption.new else None
        if line is None:
            line = _line_of(texts[file], _first_splice(adoption, texts[file]), splices[file])
        place = SourceLocation(file, line)
        yield from (replace(edit, place=place) for edit in adoption.edits)


def _line_of_new(new: NewObject, new_text: str) -> int | None:
    """The line of the comment with the object's id; None in flow style, which has none."""
    at = new_text.rfind(f"# id {new.live_id}")
    return breaks(new_text, 0, at) + 1 if at >= 0 else None


def _first_splice(adoption: Adoption, text: str) -> Splice:
    return appended(text, [adoption.new])[-1] if adoption.new else min(adoption.splices)


def _line_of(text: str, splice: Splice, every: Sequence[Splice]) -> int:
    """The line in the new text at which the splice begins, without its leading line breaks."""
    earlier = [other for other in every if other.start < splice.start]
    moved = sum(breaks(other.text) - breaks(text, other.start, other.end) for other in earlier)
    leading = len(splice.text) - len(splice.text.lstrip("\r\n"))
    return breaks(text, 0, splice.start) + moved + breaks(splice.text, 0, leading) + 1
