"""The pieces of Markdown: tables, truncated text, and rows of findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.render.escape import code_span, table_row, visible
from reconciler.render.titles import place_text

SENTENCE_LENGTH = 500
HINT_LENGTH = 1_000
"""A hint can be what to paste: the authorization policy of a Logic App has some 600 characters.
"""
NAME_LENGTH = 200
FINDING_TITLES = ("Code", "Severity", "Place", "Finding", "Hint")


def joined(blocks: Iterable[str]) -> str:
    """The blocks without those that are empty."""
    return "\n\n".join(block for block in blocks if block) + "\n"


def short(text: str, length: int = SENTENCE_LENGTH) -> str:
    """The visible text, truncated with the number of characters that are missing."""
    text = visible(text)
    if len(text) <= length:
        return text
    return f"{text[:length]}… ({len(text) - length} more characters)"


def sentence_span(text: str) -> str:
    """A sentence as a code span, truncated."""
    return code_span(short(text))


def name_span(text: str) -> str:
    """A name as a code span, truncated."""
    return code_span(short(text, NAME_LENGTH))


def place_span(place: SourceLocation | None) -> str:
    """The file and the line as a code span; "" without a place."""
    return name_span(place_text(place)) if place else ""


def table(titles: Sequence[str], rows: Sequence[str]) -> str:
    """A table of rows that `table_row` has made."""
    return "\n".join([table_row(titles), table_row(["---"] * len(titles)), *rows])


def finding_rows(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """A row for each finding, under `FINDING_TITLES`."""
    rows: list[str] = []
    for finding in diagnostics:
        cells = (
            code_span(finding.code),
            finding.severity,
            place_span(finding.place),
            sentence_span(finding.message),
            code_span(short(finding.hint, HINT_LENGTH)) if finding.hint else "",
        )
        rows.append(table_row(cells))
    return rows
