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
from reconciler.render import view
from reconciler.render.escape import workflow_command

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


def plan_github(plan: Plan, *, drift: bool = False, before_apply: bool = False) -> str:
    """Blocked changes as errors, the plan's findings and gaps as warnings (or errors), pending
    changes as notices.
    """
    annotations = [_change(change, drift=drift) for change in plan.changes]
    findings = (*view.findings_on_top(plan), *view.findings_below(plan))
    annotations += [_diagnostic(diagnostic) for diagnostic in findings]
    if not plan.complete:
        annotations.append(
            _Annotation("warning", "Incomplete plan", (view.incomplete(plan),), None)
        )
    nothing = [] if before_apply else view.nothing_to_do(plan)
    return _lines(annotations, [*nothing, view.last_line(plan, drift=drift)])


def outcomes_github(outcomes: Sequence[Outcome], *, complete: bool = True) -> str:
    """Failed and unknown outcomes as errors, skipped ones as warnings, the rest as notices."""
    annotations = [_outcome(outcome) for outcome in outcomes]
    return _lines(
        annotations, [*view.nothing_done(outcomes, complete=complete), view.apply_line(outcomes)]
    )


def diagnostics_github(diagnostics: Sequence[Diagnostic], **checked: int) -> str:
    """The findings of `validate` at their places, and the verdict."""
    annotations = [_diagnostic(diagnostic) for diagnostic in diagnostics]
    return _lines(annotations, view.verdict(diagnostics, **checked))


def _change(change: Change, *, drift: bool) -> _Annotation:
    kind: Kind = "error" if change.action == "blocked" else "notice"
    word = drift_words.WORDS[change.action] if drift else change.action
    title = f"{'Drift' if drift else 'Plan'}: {word} {view.label(change.extension.display_name)}"
    rows = view.own_rows(change, drift=drift)
    fields = [f"{view.SYMBOLS[change.action]} {view.field_path(row)}" for row in rows]
    lines = (view.change_title(change, drift=drift), *view.details(change, drift=drift), *fields)
    return _Annotation(kind, title, lines, change.source)


def _outcome(outcome: Outcome) -> _Annotation:
    kinds: dict[str, Kind] = {
        "failed": "error",
        "unknown": "error",
        "skipped": "warning",
        "done": "notice",
    }
    title = f"Apply: {outcome.status} {view.label(outcome.change.extension.display_name)}"
    lines = (view.outcome_line(outcome), *view.outcome_notes(outcome))
    return _Annotation(kinds[outcome.status], title, lines, outcome.change.source)


def _diagnostic(diagnostic: Diagnostic) -> _Annotation:
    hint = (f"Hint: {diagnostic.hint}",) if diagnostic.hint else ()
    return _Annotation(
        diagnostic.severity, diagnostic.code, (diagnostic.message, *hint), diagnostic.place
    )


def _lines(annotations: Sequence[_Annotation], closing: Iterable[str]) -> str:
    commands = [line for kind in KINDS for line in _of_kind(kind, annotations)]
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
