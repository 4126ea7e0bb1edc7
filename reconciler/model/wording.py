"""How messages list names, and suggest the known name that was probably meant."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable

LONGEST_COMPARED = 100
"""No known name is longer; comparing longer texts takes long."""


def enumerated(parts: Collection[str], last: str = "and") -> str:
    """The parts, at least one, in words: "a, b and c"."""
    *head, tail = parts
    return f"{', '.join(head)} {last} {tail}" if head else tail


def listed(names: Collection[str], last: str = "and") -> str:
    """The names, at least one, in backticks: "`a`, `b` and `c`"."""
    return enumerated([f"`{name}`" for name in names], last)


def did_you_mean(written: str, known: tuple[str, ...], sign: str = "`") -> str:
    """The question for the known name that is most similar, in backticks or other signs; "" when
    none is similar.
    """
    similar = nearest(written, known)
    return f"Did you mean {sign}{similar}{sign}?" if similar else ""


@functools.lru_cache(maxsize=1024)
def nearest(written: str, known: tuple[str, ...]) -> str | None:
    """The known name that is most similar, ignoring case; None when no name is similar."""
    if len(written) > LONGEST_COMPARED:
        return None
    return next(iter(similar_names(written, known, limit=1)), None)


def similar_names(written: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names that are similar, ignoring case; the most similar first."""
    import difflib  # only a misspelled name needs it

    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(written.casefold(), by_folded, n=limit)
    return [by_folded[name] for name in close]
