"""Judgements that several probes share."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.live_check.exchange import Result
from reconciler.live_check.notes import Notes
from reconciler.live_check.owned import OwnObject
from reconciler.model.json_values import JsonObject


def note_unique(
    notes: Notes, switch: str, first: OwnObject, second: OwnObject | None, result: Result
) -> None:
    """Whether the name of the first object is unique, by the answer to a second create with it."""
    if result.accepted and (second is None or second.id.casefold() == first.id.casefold()):
        notes.leave_open(switch, "the second create was answered without a new object", result)
    elif result.accepted:
        notes.decide(switch, False, result)
    elif result.status == 409 or result.refused_input:
        notes.decide(switch, True, result)
    else:
        notes.leave_unanswered(switch, result)


def note_filter(
    notes: Notes, switch: str, filtered: Result, is_matched: Callable[[JsonObject], bool]
) -> None:
    """Whether a filter is evaluated: what it shows must match it, and it must show something."""
    if filtered.refused_input:
        notes.decide(switch, "refuse", filtered)
    elif not filtered.accepted:
        notes.leave_unanswered(switch, filtered)
    elif not filtered.items:
        notes.leave_open(switch, "the filter was accepted and shows nothing", filtered)
    elif all(map(is_matched, filtered.items)):
        notes.decide(switch, "accept", filtered)
    else:
        notes.leave_open(switch, "the filter was accepted and not evaluated", filtered)
