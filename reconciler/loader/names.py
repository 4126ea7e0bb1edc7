"""Names of properties: which one was meant, which are missing, how a message lists them."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Collection, Iterable

from reconciler.loader.fault import SHOWN_CHARACTERS
from reconciler.loader.nodes import Entry

MERGE_KEY = "<<"


@functools.lru_cache(maxsize=1024)
def nearest(written: str, known: tuple[str, ...]) -> str | None:
    """The known name that was probably meant, whatever the case; None when none is close."""
    if len(written) > SHOWN_CHARACTERS:
        return None
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(written.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


def listed(names: Collection[str], last: str = "and") -> str:
    """The names in backticks: "`a`, `b` and `c`"."""
    *head, tail = (f"`{name}`" for name in names)
    return f"{', '.join(head)} {last} {tail}" if head else tail


def missing(entries: dict[str, Entry], names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The names that are lacking, without those that seem to be there under a misspelled name."""
    if MERGE_KEY in entries:
        return []
    lacking = [name for name in names if name not in entries]
    if not lacking:
        return []
    known = tuple(known)
    meant = {nearest(name, known) for name in entries if name not in known}
    return [name for name in lacking if name not in meant]
