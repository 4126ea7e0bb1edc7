"""Judgements that several probes share."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import Notes
from reconciler.model.json_values import JsonObject


def note_unique(notes: Notes, switch: str, second: Result) -> None:
    """Whether a name is unique, by the answer to a second create with it."""
    if second.accepted:
        notes.decide(switch, False, second)
    elif second.status == 409 or second.refused_input:
        notes.decide(switch, True, second)
    else:
        notes.leave_unanswered(switch, second)


def note_filter(
    notes: Notes, switch: str, filtered: Result, is_matched: Callable[[JsonObject], bool]
) -> None:
    """Whether a filter is evaluated: what it shows must match it."""
    if filtered.refused_input:
        notes.decide(switch, "refuse", filtered)
    elif not filtered.accepted:
        notes.leave_unanswered(switch, filtered)
    elif all(map(is_matched, filtered.items)):
        notes.decide(switch, "accept", filtered)
    else:
        notes.leave_open(switch, "the filter was accepted and not evaluated", filtered)
