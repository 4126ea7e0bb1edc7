"""ISO 8601 durations as entitlement management accepts them: days, hours, minutes, seconds; no
weeks, months or years.

Source: docs/graph.md §2.5 (the OpenAPI pattern).
"""

from __future__ import annotations

import re
from decimal import Decimal

_PATTERN = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,9})D)?(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,12})?)S)?)?",
    re.ASCII,
)


def duration_s(text: str) -> Decimal | None:
    """The duration in seconds, exactly; None when the text is not such a duration."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds = (Decimal(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def canonical_duration(text: str) -> str:
    """The one spelling of a duration (`PT60M` → `PT1H`, `PT24H` → `P1D`); other text comes back as
    it is.
    """
    total_s = duration_s(text)
    if total_s is None:
        return text
    whole_s, fraction = divmod(total_s, 1)
    minutes, seconds = divmod(int(whole_s), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    tail = f"{seconds + fraction.normalize():f}" if fraction else str(seconds)
    time = "".join(
        f"{amount}{unit}"
        for amount, unit in ((str(hours), "H"), (str(minutes), "M"), (tail, "S"))
        if amount != "0"
    )
    if not days and not time:
        return "PT0S"
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "")
