"""What a probe is: a question, the switches of the sandbox that its answer decides, and the
function that asks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from reconciler.live_check.notes import Notes
from reconciler.live_check.trial import Trial


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe. `needs_policy`: it is tried only where the identity may create access packages and
    policies.
    """

    id: str
    question: str
    switches: tuple[str, ...]
    ask: Callable[[Trial, Notes], Awaitable[None]]
    needs_policy: bool = False
