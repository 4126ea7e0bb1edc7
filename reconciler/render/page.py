"""The size of a Markdown page, and where its reader finds what did not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

COMMENT_BYTES = 60_000
"""GitHub accepts 65,536 characters in a comment, and a character has at least one byte; some are
left for the bot.
"""
SMALLEST_BYTES = 10_000
"""Enough for counts, digest and warnings, and for some of the changes."""
_JOIN_BYTES = 2
"""At most two line breaks between any two pieces."""


@dataclass(frozen=True, slots=True)
class Page:
    """The maximum size in bytes of UTF-8; `details_url` is the address of the full plan."""

    max_bytes: int = COMMENT_BYTES
    details_url: str | None = None


COMMENT = Page()


@dataclass(slots=True)
class Room:
    """The bytes that are left on a page, and how many pieces of each kind were omitted."""

    left_bytes: int
    omitted: Counter[str] = field(default_factory=Counter)

    def whole(
        self, pieces: Sequence[str], noun: str, share: float = 1.0, *, frame_bytes: int = 0
    ) -> list[str]:
        """The first pieces that fit, each of them whole, into the share of what is left; the others
        are counted.

        What the kept pieces and their frame need is subtracted.
        """
        kept: list[str] = []
        used_bytes = frame_bytes + _JOIN_BYTES
        for piece in pieces:
            used_bytes += size_bytes(piece) + _JOIN_BYTES
            if used_bytes > self.left_bytes * share:
                break
            kept.append(piece)
        if kept:
            self.left_bytes -= (
                frame_bytes + _JOIN_BYTES + sum(size_bytes(piece) + _JOIN_BYTES for piece in kept)
            )
        self.omitted[noun] += len(pieces) - len(kept)
        return kept


def size_bytes(text: str) -> int:
    """The size of the text as UTF-8; visible text holds no surrogates."""
    return len(text.encode())
