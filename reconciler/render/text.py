"""Plain text for terminals and logs; symbols stand in column 0, so that a `diff` highlighter
colours them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import ACTIONS, Change, FieldChange, Outcome, Plan
from reconciler.model.target import SANDBOX
from reconciler.model.wording import enumerated
from reconciler.render import drift as drift_words
from reconciler.render import rows, titles, view
from reconciler.render.escape import visible
from reconciler.render.findings import findings_below, findings_on_top, findings_title
from reconciler.render.nouns import counted
from reconciler.render.outcomes import apply_line, nothing_done, outcome_line, outcome_notes
from reconciler.render.scopes import ScopeView, by_scope, incomplete
from reconciler.render.wording import PLAIN, Wording

_WRAPPABLE = re.compile(r"(?:(?:-/\+|[-+~>!=?]) | ) *")
"""The start of a line that may be broken: a symbol in column 0, or blanks."""
_ROW_COLUMN = 4
"""Where the properties of a change and its details begin; the continuation lines of its title are
indented more.
"""

Section = Sequence[str]
"""Lines that stand together; a blank line separates two sections."""


def plan_text(plan: Plan, wording: Wording = PLAIN) -> str:
    """The plan for a reader: changes by scope, unmanaged objects, warnings, digest and one stable
    last line.
    """
    return _joined(
        [
            *_beginning(plan, wording),
            *_scopes(plan, wording),
            [_unchanged(plan)],
            _unmanaged(plan),
            _findings(findings_below(plan)),
            [incomplete(plan)],
            _to_resolve(plan) if wording.drift else [],
            _ending(plan, wording),
        ]
    )


def summary_text(plan: Plan, wording: Wording = PLAIN) -> str:
    """The plan in titles and counts: each change is one line, everything else a number."""
    findings = findings_below(plan)
    counts = [
        _unchanged(plan),
        f"{view.UNMANAGED}: {len(plan.unmanaged)}" if plan.unmanaged else "",
        f"{findings_title(findings)}: {len(findings)}" if findings else "",
    ]
    return _joined(
        [
            *_beginning(plan, wording),
            *(_titles(group, wording) for group in by_scope(plan)),
            [count for count in counts if count],
            [incomplete(plan)],
            _ending(plan, wording),
        ]
    )


def outcomes_text(plan: Plan, outcomes: Sequence[Outcome], wording: Wording = PLAIN) -> str:
    """What apply did, one line per change, and one stable last line."""
    lines: list[str] = []
    for outcome in outcomes:
        lines.append(outcome_line(outcome, wording))
        lines += _indented(outcome_notes(outcome, wording))
    return _joined([lines, [*nothing_done(plan, outcomes), apply_line(outcomes)]])


def approval_question(plan: Plan) -> str:
    """`Apply 3 creates and 1 update to tenant …, environment production? Only 'yes' is
    accepted`.
    """
    numbers = Counter(change.action for change in plan.pending)
    counts = [counted(numbers[action], action) for action in ACTIONS if numbers[action]]
    what = enumerated(counts)
    where = "the sandbox" if plan.graph_url == SANDBOX else f"tenant {visible(plan.tenant_id)}"
    environment = f", environment {visible(plan.environment)}" if plan.environment else ""
    blocked = counted(len(plan.blocked), "blocked change")
    skipped = f" {blocked} will be skipped." if plan.blocked else ""
    return f"Apply {what} to {where}{environment}?{skipped} Only 'yes' is accepted"


def diagnostics_text(diagnostics: Sequence[Diagnostic], conclusion: Sequence[str]) -> str:
    """The findings, each with place and hint, and the lines that conclude them."""
    return _joined([findings_lines(diagnostics), conclusion])


def findings_lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Each finding with its hint below it."""
    lines: list[str] = []
    for diagnostic in diagnostics:
        lines += _finding(diagnostic)
    return lines


def wrapped(text: str, width: int) -> str:
    """The text with the lines of its changes no wider than `width`, for a terminal.

    A continuation line keeps the symbol in column 0 and is indented below its line. Lines break at
    single blanks only, so a word, an id or a run of blanks stays whole; the headings and the stable
    last line are never broken.
    """
    return "\n".join(part for line in text.split("\n") for part in _wrapped_line(line, width))


def _wrapped_line(line: str, width: int) -> list[str]:
    start = _WRAPPABLE.match(line)
    if len(line) <= width or start is None:
        return [line]
    first, *words = re.split(r"(?<! ) (?! )", line[start.end() :])
    indent = line[0] + " " * (max(start.end(), _ROW_COLUMN) + 1)
    lines = [start.group() + first]
    for word in words:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(indent + word)
    return lines


def _joined(sections: Iterable[Section]) -> str:
    """The sections without those that are empty."""
    texts = ["\n".join(lines) for lines in sections if any(lines)]
    return "\n\n".join(texts) + "\n"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _beginning(plan: Plan, wording: Wording) -> list[Section]:
    title = f"{wording.title} for {view.target(plan)}"
    return [[title], findings_lines(findings_on_top(plan))]


def _ending(plan: Plan, wording: Wording) -> Section:
    return [
        f"Digest: {visible(plan.digest)}",
        *view.nothing_to_do(plan, wording),
        view.last_line(plan, wording),
    ]


def _unchanged(plan: Plan) -> str:
    number = plan.summary["unchanged"]
    return f"= {number} unchanged" if number else ""


def _titles(group: ScopeView, wording: Wording) -> Section:
    lines = [titles.change_title(change, wording) for change in group.changes]
    return [_heading(group, wording), *lines]


def _heading(group: ScopeView, wording: Wording) -> str:
    return f"{group.kind} {group.heading(wording)}"


def _scopes(plan: Plan, wording: Wording) -> list[Section]:
    """The sections of all scopes: one for each change, the first below the heading of its scope."""
    sections: list[Section] = []
    for group in by_scope(plan):
        first, *others = _changes(group, wording) or [[]]
        sections += [[_heading(group, wording), *first], *others]
    return sections


def _changes(group: ScopeView, wording: Wording) -> list[Section]:
    shared = rows.shared_rows(group.changes, wording)
    sections: list[Section] = [
        [rows.shared_title(group.changes, kind), *map(_created, of_kind)]
        for kind, of_kind in shared.items()
    ]
    return [*sections, *(_change(change, shared, wording) for change in group.changes)]


def _change(change: Change, shared: rows.Shared, wording: Wording) -> Section:
    return [
        titles.change_title(change, wording),
        *_indented(view.details(change, wording)),
        *(_field(change, row, wording) for row in rows.own_rows(change, shared, wording)),
    ]


def _created(row: FieldChange) -> str:
    return f"{titles.SYMBOLS['create']}   {rows.field_path(row)}: {rows.created_text(row)}"


def _field(change: Change, row: FieldChange, wording: Wording) -> str:
    if change.action == "create":
        return _created(row)
    if change.action == "delete":
        return f"{titles.SYMBOLS['delete']}   {rows.field_path(row)}: {rows.value_text(row.before)}"
    symbol, before = rows.symbol(change, row), rows.before_text(row)
    if symbol == "=":
        return f"{symbol}   {rows.field_path(row)}: {before}"
    if wording.drift:
        values = drift_words.values(row, rows.value_text(row.after, row.before), before)
    else:
        values = f"{before} -> {rows.after_text(row)}"
    return f"{symbol}   {rows.field_path(row)}: {values}"


def _unmanaged(plan: Plan) -> Section:
    if not plan.unmanaged:
        return []
    lines: list[str] = []
    for unmanaged in plan.unmanaged:
        where = f" in {titles.parents_label(unmanaged.parents)}" if unmanaged.parents else ""
        lines.append(f"* {titles.object_title(unmanaged.object)}{where}")
    return [f"{view.UNMANAGED}:", *_indented([*lines, *view.unmanaged_notes(plan)])]


def _findings(diagnostics: Sequence[Diagnostic]) -> Section:
    if not diagnostics:
        return []
    return [f"{findings_title(diagnostics)}:", *findings_lines(diagnostics)]


def _finding(diagnostic: Diagnostic) -> Section:
    place = titles.place_text(diagnostic.place, column=True)
    finding = f"{visible(diagnostic.code)} {diagnostic.severity}: {visible(diagnostic.message)}"
    hint = [f"    Hint: {visible(diagnostic.hint)}"] if diagnostic.hint else []
    return [f"{place}: {finding}" if place else finding, *hint]


def _to_resolve(plan: Plan) -> Section:
    lines = drift_words.to_resolve(plan)
    return ["To resolve:", *_indented(lines)] if lines else []
