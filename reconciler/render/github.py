"""Annotations for GitHub Actions: workflow commands on stdout, and the stable last line for readers
of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.plan import Change, Outcome, Plan
from reconciler.render import drift as drift_words
from reconciler.render import rows, titles, view
from reconciler.render.escape import workflow_command
from reconciler.render.findings import findings_below, findings_on_top
from reconciler.render.outcomes import apply_line, nothing_done, outcome_line, outcome_notes
from reconciler.render.scopes import incomplete
from reconciler.render.wording import PLAIN, Wording

Kind = Literal["error", "warning", "notice"]
KINDS: tuple[Kind, ...] = ("error", "warning", "notice")
MAXIMUM_PER_KIND = 10
"""GitHub drops further annotations of a step without saying so."""


@dataclass(frozen=True, slots=True)
class _Annotation:
    kind: Kind
    title: str
    message: tuple[str, ...]
    place: SourceLocation | None


def plan_github(plan: Plan, wording: Wording = PLAIN) -> str:
    """Blocked changes as errors; what is deleted or replaced, the plan's findings and gaps as
    warnings (or errors); other pending changes as notices.
    """
    annotations = [_diagnostic(diagnostic) for diagnostic in findings_on_top(plan)]
    annotations += [_change(change, wording) for change in plan.changes]
    annotations += [_diagnostic(diagnostic) for diagnostic in findings_below(plan)]
    if not plan.complete:
        annotations.append(_Annotation("warning", "Incomplete plan", (incomplete(plan),), None))
    return _lines(annotations, [*view.nothing_to_do(plan, wording), view.last_line(plan, wording)])


def outcomes_github(plan: Plan, outcomes: Sequence[Outcome], wording: Wording = PLAIN) -> str:
    """Failed and unknown outcomes as errors, skipped ones as warnings, the rest as notices."""
    annotations = [_outcome(outcome, wording) for outcome in outcomes]
    return _lines(annotations, [*nothing_done(plan, outcomes), apply_line(outcomes)])


def diagnostics_github(diagnostics: Sequence[Diagnostic], conclusion: Sequence[str]) -> str:
    """The findings at their places, and the lines that conclude them."""
    annotations = [_diagnostic(diagnostic) for diagnostic in diagnostics]
    return _lines(annotations, conclusion)


def _change(change: Change, wording: Wording) -> _Annotation:
    word = drift_words.WORDS[change.action] if wording.drift else change.action
    title = f"{wording.title}: {word} {titles.label(change.object.display_name)}"
    symbols = [(rows.symbol(change, row), row) for row in rows.own_rows(change, {}, wording)]
    fields = [f"{symbol} {rows.field_path(row)}" for symbol, row in symbols if symbol != "="]
    lines = (titles.change_title(change, wording), *view.details(change, wording), *fields)
    return _Annotation(_kind(change), title, lines, change.source)


def _kind(change: Change) -> Kind:
    if change.action == "blocked":
        return "error"
    return "warning" if change.removes else "notice"


def _outcome(outcome: Outcome, wording: Wording) -> _Annotation:
    kinds: dict[str, Kind] = {
        "failed": "error",
        "unknown": "error",
        "skipped": "warning",
        "done": "notice",
    }
    title = f"Apply: {outcome.status} {titles.label(outcome.change.object.display_name)}"
    lines = (outcome_line(outcome, wording), *outcome_notes(outcome, wording))
    return _Annotation(kinds[outcome.status], title, lines, outcome.change.source)


def _diagnostic(diagnostic: Diagnostic) -> _Annotation:
    hint = (f"Hint: {diagnostic.hint}",) if diagnostic.hint else ()
    return _Annotation(
        diagnostic.severity, diagnostic.code, (diagnostic.message, *hint), diagnostic.place
    )


def _lines(annotations: Sequence[_Annotation], closing: Iterable[str]) -> str:
    commands: list[str] = []
    for kind in KINDS:
        commands += _of_kind(kind, annotations)
    return "\n".join([*commands, *closing]) + "\n"


def _of_kind(kind: Kind, annotations: Sequence[_Annotation]) -> list[str]:
    every = [annotation for annotation in annotations if annotation.kind == kind]
    more, shown = len(every) - MAXIMUM_PER_KIND, every[:MAXIMUM_PER_KIND]
    lines = [_command(annotation) for annotation in shown]
    if more > 0:
        omitted = f"and {more} more {kind}{'' if more == 1 else 's'}, which GitHub would not show"
        last = shown[-1]
        lines[-1] = _command(_Annotation(kind, last.title, (*last.message, omitted), last.place))
    return lines


def _command(annotation: _Annotation) -> str:
    located = [*_located(annotation.place), ("title", annotation.title)]
    return workflow_command(annotation.kind, annotation.message, located)


def _located(place: SourceLocation | None) -> list[tuple[str, str]]:
    """The properties that place an annotation; GitHub shows one without a line at the head of its
    file.
    """
    if place is None:
        return []
    numbers = [("line", place.line), ("col", place.column)]
    return [
        ("file", place.file),
        *((name, str(number)) for name, number in numbers if number is not None),
    ]
