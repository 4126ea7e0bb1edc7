"""Plain text for terminals and logs; symbols stand in column 0, so that a `diff` highlighter colours them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Change, FieldChange, Outcome, Plan
from reconciler.render import view
from reconciler.render.escape import json_value, visible


def plan_text(plan: Plan, *, drift: bool = False) -> str:
    """The plan for a reader: changes by catalog, what is left alone, warnings, digest and one stable last line.

    `drift` words it for the scheduled run: who changed the live object when, and the two ways out.
    """
    sections = [
        [f"{'Drift' if drift else 'Plan'} for {view.target(plan)}"],
        findings_lines(view.findings_on_top(plan)),
        *(section for group in view.by_catalog(plan) for section in _catalog(group, drift=drift)),
        [f"= {plan.unchanged} unchanged"] if plan.unchanged else [],
        _unmanaged(plan),
        _findings(view.findings_below(plan)),
        [view.incomplete(plan)] if not plan.complete else [],
        _ways_out(plan) if drift else [],
        [
            f"Digest: {visible(plan.digest)}",
            *view.nothing_to_do(plan),
            view.plan_line(plan),
        ],
    ]
    return _joined(sections)


def outcomes_text(outcomes: Sequence[Outcome], *, complete: bool = True) -> str:
    """What apply did, a line for each change, and one stable last line."""
    lines = [
        line for outcome in outcomes for line in (view.outcome_line(outcome), *_indented(view.outcome_notes(outcome)))
    ]
    return _joined([lines, [*view.nothing_done(outcomes, complete=complete), view.apply_line(outcomes)]])


def diagnostics_text(diagnostics: Sequence[Diagnostic], **looked_at: int) -> str:
    """The findings of `validate`, each with place and fix, and the verdict; the counts are of what was looked at."""
    return _joined([findings_lines(diagnostics), view.verdict(diagnostics, **looked_at)])


def findings_lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Each finding with its fix below it, for stderr."""
    return [line for diagnostic in diagnostics for line in _diagnostic(diagnostic)]


def _joined(sections: Iterable[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _catalog(group: view.CatalogView, *, drift: bool) -> list[list[str]]:
    first, *others = [_change(change, drift=drift) for change in group.changes] or [[]]
    return [[f"Catalog {group.heading}", *first], *others]


def _change(change: Change, *, drift: bool) -> list[str]:
    return [
        view.change_title(change),
        *_indented(view.details(change, drift=drift)),
        *(_field(change, field) for field in change.fields),
    ]


def _field(change: Change, field: FieldChange) -> str:
    after = json_value(field.after)
    if change.action == "create":
        return f"+   {view.field_path(field)}: {after}"
    beside_a_rename = change.action == "rename" and field.path != ("displayName",)
    symbol = view.SYMBOLS["update" if beside_a_rename else change.action]
    return f"{symbol}   {view.field_path(field)}: {json_value(field.before)} -> {after}{view.after_note(field)}"


def _unmanaged(plan: Plan) -> list[str]:
    lines = [f"{view.extension_title(one.extension)} in {view.catalog_label(one.catalog)}" for one in plan.unmanaged]
    return ["Unmanaged, left alone:", *(f"    * {line}" for line in lines)] if lines else []


def _findings(diagnostics: Sequence[Diagnostic]) -> list[str]:
    title = f"{view.findings_title(diagnostics)}:"
    return [title, *(line for one in diagnostics for line in _diagnostic(one))] if diagnostics else []


def _diagnostic(diagnostic: Diagnostic) -> list[str]:
    place = view.place_text(diagnostic.place, column=True)
    finding = f"{visible(diagnostic.code)} {diagnostic.severity}: {visible(diagnostic.message)}"
    hint = [f"    fix: {visible(diagnostic.hint)}"] if diagnostic.hint else []
    return [f"{place}: {finding}" if place else finding, *hint]


def _ways_out(plan: Plan) -> list[str]:
    return ["Two ways out:", *_indented(view.ways_out(plan))] if plan.changes else []
