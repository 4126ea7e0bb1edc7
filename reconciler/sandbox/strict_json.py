"""JSON as bodies and seeds hold it: what Python's reader takes beyond JSON is refused."""

import json
import math
from typing import Any


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text. Raises: ValueError for anything else, NaN, Infinity and 1e999 included."""
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is not JSON")
    return value
