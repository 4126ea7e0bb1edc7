"""What became of each change, in one line each, and the stable last line of an apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model.plan import Action, Outcome, Plan
from reconciler.render.escape import visible
from reconciler.render.reasons import outcome_note, outcome_sentence
from reconciler.render.scopes import no_changes
from reconciler.render.titles import SYMBOLS, label_in_parents
from reconciler.render.wording import PLAIN, Wording

DONE: dict[Action, str] = {
    "create": "created",
    "update": "updated",
    "rename": "renamed",
    "replace": "replaced",
    "delete": "deleted",
    "blocked": "changed",
}
COUNTED = (
    "created",
    "updated",
    "renamed",
    "replaced",
    "deleted",
    "failed",
    "skipped",
    "unknown",
)
AFTER_UNKNOWN = "to see whether the change was applied, run reconciler plan"


def outcome_line(outcome: Outcome, wording: Wording = PLAIN) -> str:
    """The result of one change, in one line: `+ created NAME in CATALOG (request ID …)`."""
    change = outcome.change
    action = change.action
    what = label_in_parents(change.object, change.parents)
    why = visible(outcome_sentence(outcome, wording.sentences))
    is_shown = outcome.status != "done" and (outcome.request_id or "") in why
    request = (
        "" if is_shown or not outcome.request_id else f" (request ID {visible(outcome.request_id)})"
    )
    match outcome.status:
        case "done":
            return f"{SYMBOLS[action]} {DONE[action]} {what}{request}"
        case "failed":
            return f"! failed to {action} {what}{request}: {why}"
        case "skipped":
            return f"! skipped {what}{request}: {why}"
        case "unknown":
            return f"? outcome unknown: {what} may have been {DONE[action]}{request}: {why}"


def outcome_notes(outcome: Outcome, wording: Wording = PLAIN) -> list[str]:
    """What an operator should know or do beside the outcome itself."""
    note = outcome_note(outcome, wording.sentences)
    notes = [f"note: {visible(note)}"] if note else []
    return [*notes, AFTER_UNKNOWN] if outcome.status == "unknown" else notes


def nothing_done(plan: Plan, outcomes: Sequence[Outcome]) -> list[str]:
    """The line that says so when an apply had nothing to do."""
    return [] if outcomes else [no_changes(plan)]


def apply_line(outcomes: Sequence[Outcome]) -> str:
    """The stable last line: `Apply: 2 created, 0 updated, … 0 unknown.`"""
    counts = Counter(
        DONE[outcome.change.action] if outcome.status == "done" else outcome.status
        for outcome in outcomes
    )
    return f"Apply: {', '.join(f'{counts[word]} {word}' for word in COUNTED)}."
