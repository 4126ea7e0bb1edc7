"""How much room a Markdown page has, and where the reader finds what did not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

COMMENT_BYTES = 60_000
"""GitHub takes 65,536 characters in a comment, and a character has at least one byte; a little is left for others."""
SMALLEST_BYTES = 10_000
"""What counts, digest and notes may take, and some room for the changes."""
_JOIN_BYTES = 2
"""Two line breaks between any two pieces, at most."""


@dataclass(frozen=True, slots=True)
class Page:
    """At most so many bytes of UTF-8; `details_url` leads to the whole plan."""

    max_bytes: int = COMMENT_BYTES
    details_url: str | None = None


COMMENT = Page()


@dataclass(slots=True)
class Room:
    """The bytes that are left on a page, and how many pieces of each kind did not fit."""

    left_bytes: int
    cut: Counter[str] = field(default_factory=Counter)

    def whole(self, pieces: Sequence[str], noun: str, share: float = 1.0, *, frame_bytes: int = 0) -> list[str]:
        """The first pieces that fit into the share of what is left, each of them whole; they and their frame take it.

        The others are counted as cut.
        """
        kept: list[str] = []
        used_bytes = frame_bytes + _JOIN_BYTES
        for piece in pieces:
            used_bytes += size_bytes(piece) + _JOIN_BYTES
            if used_bytes > self.left_bytes * share:
                break
            kept.append(piece)
        if kept:
            self.left_bytes -= frame_bytes + _JOIN_BYTES + sum(size_bytes(piece) + _JOIN_BYTES for piece in kept)
        self.cut[noun] += len(pieces) - len(kept)
        return kept


def size_bytes(text: str) -> int:
    """The bytes that the text takes as UTF-8; visible text holds no surrogates."""
    return len(text.encode())
