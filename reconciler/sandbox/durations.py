"""Edm.Duration: its form, and the timeouts among them (docs/graph.md §2.5)."""

import re
from decimal import Decimal
from typing import Any, Final

from reconciler.sandbox.errors import invalid_model

# Microsoft's OpenAPI pattern, with named groups: no weeks, months or years.
_PATTERN: Final = re.compile(
    r"(?P<sign>-)?P((?P<days>[0-9]+)D)?"
    r"(T((?P<hours>[0-9]+)H)?((?P<minutes>[0-9]+)M)?((?P<seconds>[0-9]+([.][0-9]+)?)S)?)?"
)
_SHORTEST_S: Final = 5 * 60
_LONGEST_S: Final = 14 * 24 * 3600
_LONGEST_TEXT: Final = 64


def timeout(value: Any, where: str) -> str:
    """The timeout in canonical form, e.g. `PT60M` as `PT1H` and `PT24H` as `P1D`; 5 minutes to 14
    days.

    Raises: GraphError 400 on another type, another pattern (so `1:00:00` too) or a value out of
        range.
    """
    seconds = seconds_of(duration(value, where))
    if seconds is None or not _SHORTEST_S <= seconds <= _LONGEST_S:
        raise invalid_model(f"'{where}' must be between 5 minutes and 14 days.")
    return _canonical(seconds)


def duration(value: Any, where: str) -> str:
    """Any duration, unchanged. Raises: GraphError 400 on another type or another pattern."""
    if seconds_of(value) is None:
        raise invalid_model(f"Cannot convert the value of '{where}' to Edm.Duration.")
    return str(value)


def seconds_of(value: Any) -> Decimal | None:
    """The length of a duration in seconds; None for anything that is not a duration."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    match = _PATTERN.fullmatch(value)
    if match is None:
        return None
    return -_seconds(match) if match["sign"] else _seconds(match)


def _seconds(match: re.Match[str]) -> Decimal:
    days, hours, minutes = (int(match[unit] or 0) for unit in ("days", "hours", "minutes"))
    return Decimal(((days * 24 + hours) * 60 + minutes) * 60) + Decimal(match["seconds"] or 0)


def _canonical(total: Decimal) -> str:
    # As .NET writes a TimeSpan; docs/graph.md §2.5 asks clients to canonicalise, so the sandbox
    # does not echo.
    whole, fraction = divmod(total, 1)
    minutes, seconds = divmod(int(whole), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    last = f"{Decimal(seconds) + fraction:f}"
    last = last.rstrip("0").rstrip(".") if "." in last else last
    parts = [f"{hours}H" * bool(hours), f"{minutes}M" * bool(minutes), f"{last}S" * (last != "0")]
    clock = "".join(parts)
    return "P" + f"{days}D" * bool(days) + ("T" + clock if clock else "")
