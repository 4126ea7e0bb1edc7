"""How names and ids are compared, and what identifies a GUID."""

from __future__ import annotations

import re
import unicodedata

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def folded(name: str | None) -> str:
    """The form in which display names are compared, everywhere: NFC, stripped, case folded.

    Whether Graph does the same is open (docs/graph.md §2.2); comparing loosely never makes a second
    object of a name.
    """
    return unicodedata.normalize("NFC", (name or "").strip()).casefold()
