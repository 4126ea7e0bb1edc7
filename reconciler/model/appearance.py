"""How a name looks: names that differ only in invisible characters look the same."""

from __future__ import annotations

import re
import unicodedata

FILLER = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Fillers and variation selectors: printable by their category, but invisible."""
_CONTROL_AND_FORMAT = ("Cc", "Cf")


def appearance(name: str) -> str:
    """The name as a reader sees it, ignoring case; "" for a name without visible characters.

    Control and format characters and fillers are removed, and every run of blanks, of any kind, is
    one space. Unassigned characters count as visible.
    """
    if name.isascii() and name.isprintable():  # nearly every name
        return " ".join(name.split()).casefold()
    shown = "".join(character for character in name if _shows(character))
    return unicodedata.normalize("NFC", " ".join(shown.split())).casefold()


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in _CONTROL_AND_FORMAT and not FILLER.match(
        character
    )
