"""Which names of properties are missing."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.nodes import Entry
from reconciler.model.wording import nearest

MERGE_KEY = "<<"


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
