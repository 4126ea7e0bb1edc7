"""Strict JSON for bodies and seeds: Python's extensions to JSON are errors."""

import json
import math
from typing import Any


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. Raises: ValueError for anything else, NaN, Infinity and 1e999
    included.
    """
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is not a JSON number")
    return value
