"""Strict reading of JSON from others: responses of Graph, tokens, saved plans.

`json.loads` alone accepts NaN, Infinity and 1e999 (as infinite), which are not valid JSON when
written again (RFC 8259 §6), and nesting up to Python's recursion limit, deeper than a value can be
compared or hashed.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from reconciler.model.json_values import Digits

MOST_LEVELS = 32
"""Of nested arrays and objects; Graph's documented objects have five."""
_SHOWN_CHARACTERS = 50
"""Of a member's name in a message."""


class InvalidJsonError(ValueError):
    """The text is not valid JSON; the message completes a sentence about it ("is not JSON")."""


def parsed(
    text: str | bytes,
    most_levels: int = MOST_LEVELS,
    *,
    unique_members: bool = False,
    keep_digits: bool = False,
) -> Any:
    """The value of a JSON text with finite numbers and at most `most_levels` levels.

    With `keep_digits`, a number that Python would write in another way is a `Digits`.
    With `unique_members`, a text in which an object has a member twice is invalid: readers differ
    in which of them counts (RFC 8259 §4).

    Raises:
        InvalidJsonError: the text is not.
    """
    try:
        value = json.loads(
            text,
            parse_constant=_refused,
            parse_float=_finite_digits if keep_digits else _finite,
            parse_int=_integer_digits if keep_digits else _finite_integer,
            object_pairs_hook=_of_unique_members if unique_members else None,
        )
    except InvalidJsonError:
        raise
    except RecursionError as error:
        raise InvalidJsonError(_too_deep(most_levels)) from error
    except ValueError as error:
        raise InvalidJsonError("is not JSON") from error
    if _nests_deeper(value, most_levels):
        raise InvalidJsonError(_too_deep(most_levels))
    return value


def _of_unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) < len(members):
        counts = Counter(name for name, _ in members)
        twice = counts.most_common(1)[0][0][:_SHOWN_CHARACTERS]
        raise InvalidJsonError(f"has the member {json.dumps(twice, allow_nan=False)} twice")
    return value


def _refused(constant: str) -> float:
    raise InvalidJsonError(f"is not JSON: it holds the number {constant}")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidJsonError("holds a number that is too large")
    return number


def _finite_integer(digits: str) -> int:
    _finite(digits)  # first: Python does not read an integer of more than 4,300 digits
    return int(digits)


def _finite_digits(digits: str) -> float:
    _finite(digits)
    return Digits(digits)


def _integer_digits(digits: str) -> float:
    return Digits(digits) if digits == "-0" else _finite_integer(digits)


def _nests_deeper(value: object, most_levels: int) -> bool:
    """True when arrays and objects nest deeper; without recursion, whose limit is lower."""
    holders = [value] if isinstance(value, dict | list) else []
    for _ in range(most_levels):
        members = chain.from_iterable(map(_members, holders))
        holders = [member for member in members if isinstance(member, dict | list)]
        if not holders:
            return False
    return True


def _members(holder: dict[str, object] | list[object]) -> Iterable[object]:
    return holder.values() if isinstance(holder, dict) else holder


def _too_deep(most_levels: int) -> str:
    return f"nests deeper than {most_levels} levels"
