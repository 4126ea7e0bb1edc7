"""Why something is planned, blocked, skipped or failed: a stable code with parameters, no sentence.

`render.reasons` makes the sentence when it is shown; docs/reference.md lists every code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.json_values import JsonValue


@dataclass(frozen=True, slots=True)
class Reason:
    """A code and its parameters: names, ids, counts and texts of Graph, as data."""

    code: str
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)


def reason(code: str, **parameters: JsonValue) -> Reason:
    """The reason with these parameters."""
    return Reason(code, parameters)
