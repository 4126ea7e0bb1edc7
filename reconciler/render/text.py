"""Plain text for terminals and logs; symbols stand in column 0, so that a `diff` highlighter
colours them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import ACTIONS, Change, FieldChange, Outcome, Plan
from reconciler.model.wording import enumerated
from reconciler.render import drift as drift_words
from reconciler.render import view
from reconciler.render.drift import SANDBOX
from reconciler.render.escape import json_value, visible

_WRAPPABLE = re.compile(r"(?:[+~>!=?] | ) *")
"""The start of a line that may be broken: a symbol in column 0, or blanks."""
_ROW_COLUMN = 4
"""Where the properties of a change and its details begin; the continuation lines of its title are
indented more.
"""


def plan_text(plan: Plan, *, drift: bool = False, before_apply: bool = False) -> str:
    """The plan for a reader: changes by catalog, unmanaged extensions, warnings, digest and one
    stable last line.

    `drift` words it as the difference between the declared state and the live one. `before_apply`
    leaves out that there is nothing to do: the outcomes that follow say so.
    """
    sections = [
        [_title(plan, drift=drift)],
        findings_lines(view.findings_on_top(plan)),
        *(section for group in view.by_catalog(plan) for section in _catalog(group, drift=drift)),
        [f"= {plan.unchanged} unchanged"] if plan.unchanged else [],
        _unmanaged(plan),
        _findings(view.findings_below(plan)),
        [view.incomplete(plan)] if not plan.complete else [],
        _to_resolve(plan) if drift else [],
        _ending(plan, drift=drift, before_apply=before_apply),
    ]
    return _joined(sections)


def summary_text(plan: Plan, *, drift: bool = False) -> str:
    """The plan in titles and counts: each change is one line, everything else a number."""
    findings = view.findings_below(plan)
    counts = [
        f"= {plan.unchanged} unchanged" if plan.unchanged else "",
        f"{view.UNMANAGED}: {len(plan.unmanaged)}" if plan.unmanaged else "",
        f"{view.findings_title(findings)}: {len(findings)}" if findings else "",
    ]
    sections = [
        [_title(plan, drift=drift)],
        findings_lines(view.findings_on_top(plan)),
        *(_titles(group, drift=drift) for group in view.by_catalog(plan)),
        [count for count in counts if count],
        [view.incomplete(plan)] if not plan.complete else [],
        _ending(plan, drift=drift),
    ]
    return _joined(sections)


def _titles(group: view.CatalogView, *, drift: bool) -> list[str]:
    return [
        f"Catalog {group.heading(drift=drift)}",
        *(view.change_title(change, drift=drift) for change in group.changes),
    ]


def _title(plan: Plan, *, drift: bool) -> str:
    return f"{'Drift' if drift else 'Plan'} for {view.target(plan)}"


def _ending(plan: Plan, *, drift: bool, before_apply: bool = False) -> list[str]:
    nothing = [] if before_apply else view.nothing_to_do(plan)
    return [f"Digest: {visible(plan.digest)}", *nothing, view.last_line(plan, drift=drift)]


def outcomes_text(outcomes: Sequence[Outcome], *, complete: bool = True) -> str:
    """What apply did, one line per change, and one stable last line."""
    lines = [
        line
        for outcome in outcomes
        for line in (view.outcome_line(outcome), *_indented(view.outcome_notes(outcome)))
    ]
    return _joined(
        [lines, [*view.nothing_done(outcomes, complete=complete), view.apply_line(outcomes)]]
    )


def approval_question(plan: Plan) -> str:
    """`Apply 3 creates and 1 update to tenant …, environment production? Only 'yes' is
    accepted`.
    """
    numbers = Counter(change.action for change in plan.pending)
    counts = [view.counted(numbers[action], action) for action in ACTIONS if numbers[action]]
    what = enumerated(counts)
    where = "the sandbox" if plan.graph_url == SANDBOX else f"tenant {visible(plan.tenant_id)}"
    environment = f", environment {visible(plan.environment)}" if plan.environment else ""
    blocked = view.counted(len(plan.blocked), "blocked change")
    skipped = f" {blocked} will be skipped." if plan.blocked else ""
    return f"Apply {what} to {where}{environment}?{skipped} Only 'yes' is accepted"


def diagnostics_text(diagnostics: Sequence[Diagnostic], **checked: int) -> str:
    """The findings of `validate`, each with place and hint, and the verdict; `checked` counts files
    and extensions.
    """
    return _joined([findings_lines(diagnostics), view.verdict(diagnostics, **checked)])


def findings_lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Each finding with its hint below it."""
    return [line for diagnostic in diagnostics for line in _diagnostic(diagnostic)]


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


def _joined(sections: Iterable[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _catalog(group: view.CatalogView, *, drift: bool) -> list[list[str]]:
    shared = [] if drift else view.shared_rows(group.changes)
    blocks = [_change(change, shared, drift=drift) for change in group.changes]
    if shared:
        blocks.insert(0, [view.shared_title(group.changes), *(_created(row) for row in shared)])
    first, *others = blocks or [[]]
    return [[f"Catalog {group.heading(drift=drift)}", *first], *others]


def _change(change: Change, shared: Collection[FieldChange], *, drift: bool) -> list[str]:
    return [
        view.change_title(change, drift=drift),
        *_indented(view.details(change, drift=drift)),
        *(_field(change, row, drift=drift) for row in view.own_rows(change, shared, drift=drift)),
    ]


def _created(row: FieldChange) -> str:
    return f"{view.SYMBOLS['create']}   {view.field_path(row)}: {json_value(row.after)}"


def _field(change: Change, row: FieldChange, *, drift: bool) -> str:
    if change.action == "create":
        return _created(row)
    beside_a_rename = change.action == "rename" and row.path != ("displayName",)
    symbol = view.SYMBOLS["update" if beside_a_rename else change.action]
    before = json_value(row.before)
    values = (
        drift_words.values(row, json_value(row.after), before)
        if drift
        else f"{before} -> {view.after_text(row)}"
    )
    return f"{symbol}   {view.field_path(row)}: {values}"


def _unmanaged(plan: Plan) -> list[str]:
    lines = [
        f"* {view.extension_title(unmanaged.extension)} in {view.catalog_label(unmanaged.catalog)}"
        for unmanaged in plan.unmanaged
    ]
    return (
        [f"{view.UNMANAGED}:", *_indented([*lines, *view.unmanaged_notes(plan)])] if lines else []
    )


def _findings(diagnostics: Sequence[Diagnostic]) -> list[str]:
    title = f"{view.findings_title(diagnostics)}:"
    return [title, *findings_lines(diagnostics)] if diagnostics else []


def _diagnostic(diagnostic: Diagnostic) -> list[str]:
    place = view.place_text(diagnostic.place, column=True)
    finding = f"{visible(diagnostic.code)} {diagnostic.severity}: {visible(diagnostic.message)}"
    hint = [f"    Hint: {visible(diagnostic.hint)}"] if diagnostic.hint else []
    return [f"{place}: {finding}" if place else finding, *hint]


def _to_resolve(plan: Plan) -> list[str]:
    lines = drift_words.to_resolve(plan)
    return ["To resolve:", *_indented(lines)] if lines else []
