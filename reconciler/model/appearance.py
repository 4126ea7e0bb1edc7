"""How a name looks: what does not show in it can make two names of one, or none at all."""

from __future__ import annotations

import re
import unicodedata

FILLER = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Fillers and variation selectors: printable by their category, yet nothing is to be seen of them."""
_CONTROL_AND_FORMAT = ("Cc", "Cf")


def appearance(name: str) -> str:
    """The name as a reader sees it, ignoring case; "" for a name of which nothing shows.

    Control and format characters and fillers are left out, and every run of blanks, of whatever kind, is one space.
    Characters that are not assigned yet count as visible.
    """
    shown = "".join(character for character in name if _shows(character))
    return unicodedata.normalize("NFC", " ".join(shown.split())).casefold()


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in _CONTROL_AND_FORMAT and not FILLER.match(character)
