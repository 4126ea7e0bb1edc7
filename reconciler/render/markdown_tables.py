"""Markdown that is one table: the outcomes of an apply, the findings of a validation."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Outcome, Plan
from reconciler.render.escape import table_row
from reconciler.render.markdown_parts import (
    FINDING_TITLES,
    finding_rows,
    joined,
    sentence_span,
    table,
)
from reconciler.render.outcomes import apply_line, nothing_done, outcome_line, outcome_notes
from reconciler.render.page import Room
from reconciler.render.wording import PLAIN, Wording

TABLE_BYTES = 50_000
"""The maximum size of the table."""


def outcomes_markdown(plan: Plan, outcomes: Sequence[Outcome], wording: Wording = PLAIN) -> str:
    """What apply did: counts in the headline, then a table that begins with what was not done."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.status == "done")
    rows = [_outcome_row(outcome, wording) for outcome in ordered]
    what = nothing_done(plan, outcomes) or [_whole_table(("Status", "What", "Note"), rows)]
    return joined([f"### {apply_line(outcomes)}", *what])


def diagnostics_markdown(diagnostics: Sequence[Diagnostic], conclusion: Sequence[str]) -> str:
    """The findings: their conclusion, first line as headline, then a table with place and hint."""
    headline, *others = conclusion
    rows = finding_rows(diagnostics)
    return joined([f"### {headline}", *others, _whole_table(FINDING_TITLES, rows) if rows else ""])


def _outcome_row(outcome: Outcome, wording: Wording) -> str:
    notes = "<br>".join(map(sentence_span, outcome_notes(outcome, wording)))
    return table_row((outcome.status, sentence_span(outcome_line(outcome, wording)), notes))


def _whole_table(titles: Sequence[str], rows: Sequence[str]) -> str:
    """The table with as many rows as fit."""
    room = Room(TABLE_BYTES)
    shown = table(titles, room.whole(rows, "row"))
    omitted = room.omitted["row"]
    if not omitted:
        return shown
    more = f"{omitted} more {'row' if omitted == 1 else 'rows'} omitted"
    return (
        f"{shown}\n\n**Truncated: {more} to fit the size limit. The text and JSON formats show"
        " everything.**"
    )
