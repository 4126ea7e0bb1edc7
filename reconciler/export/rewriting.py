"""Texts and adoptions → the edited texts, and the line of each edit in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.export.adopt import Adoption, NewExtension
from reconciler.export.positions import breaks
from reconciler.export.splices import Splice, appended, spliced
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit


def edited(texts: Mapping[str, str], adopted: Sequence[Adoption]) -> dict[str, str]:
    """All texts with the adoptions; empty if two adoptions would edit the same place."""
    results = {file: spliced(text, _splices(file, text, adopted)) for file, text in texts.items()}
    return {} if None in results.values() else {file: text or "" for file, text in results.items()}


def _splices(file: str, text: str, adopted: Sequence[Adoption]) -> list[Splice]:
    """Every splice of one file; the new extensions of one document are one splice."""
    own = [adoption for adoption in adopted if adoption.file == file]
    news: dict[int, list[NewExtension]] = {}
    for adoption in own:
        if adoption.new is not None:
            news.setdefault(adoption.new.document.piece.start, []).append(adoption.new)
    lists = (
        splice
        for some in news.values()
        for splice in appended(
            text, some[0].document.piece, [(new.live_id, new.body) for new in some]
        )
    )
    return [*(splice for adoption in own for splice in adoption.splices), *lists]


def placed(
    texts: Mapping[str, str], new_texts: Mapping[str, str], adopted: Sequence[Adoption]
) -> Iterator[Edit]:
    """The edits with their lines in the new texts."""
    for adoption in adopted:
        text, every = texts[adoption.file], _splices(adoption.file, texts[adoption.file], adopted)
        at = new_texts[adoption.file].rfind(f"# id {adoption.new.live_id}") if adoption.new else -1
        line = (
            breaks(new_texts[adoption.file], 0, at) + 1
            if at >= 0
            else _line_of(text, _first(text, adoption), every)
        )
        yield from (
            replace(edit, place=SourceLocation(adoption.file, line)) for edit in adoption.edits
        )


def _first(text: str, adoption: Adoption) -> Splice:
    new = adoption.new
    return (
        appended(text, new.document.piece, [(new.live_id, new.body)])[-1]
        if new
        else min(adoption.splices)
    )


def _line_of(text: str, splice: Splice, every: Sequence[Splice]) -> int:
    earlier = [other for other in every if other.start < splice.start]
    moved = sum(breaks(other.text) - breaks(text, other.start, other.end) for other in earlier)
    led_by = len(splice.text) - len(splice.text.lstrip("\r\n"))
    return breaks(text, 0, splice.start) + moved + breaks(splice.text, 0, led_by) + 1
