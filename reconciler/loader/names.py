"""Names of properties: the nearest known name, the missing names, and how a message lists names."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Collection, Iterable

from reconciler.model.nodes import Entry

MERGE_KEY = "<<"
LONGEST_COMPARED = 100
"""No known name is longer; comparing longer texts takes long."""


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
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(written.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


def listed(names: Collection[str], last: str = "and") -> str:
    """The names in backticks: "`a`, `b` and `c`"."""
    *head, tail = (f"`{name}`" for name in names)
    return f"{', '.join(head)} {last} {tail}" if head else tail


def missing(entries: dict[str, Entry], names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that are missing, without those that seem to be misspelled in the entries."""
    if MERGE_KEY in entries:
        return []
    absent = [name for name in names if name not in entries]
    if not absent:
        return []
    known = tuple(known)
    misspelled = {nearest(name, known) for name in entries if name not in known}
    return [name for name in absent if name not in misspelled]
