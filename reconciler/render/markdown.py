"""Markdown for a pull-request comment: counts and blocked changes in the open, the details folded as `diff`.

What could act (mention, link, break a table) stands in code spans or fences. A comment may hold 65,536 characters, so
every part has a share of 60,000 bytes and says loudly what it leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Change, FieldChange, Outcome, Plan
from reconciler.render import view
from reconciler.render.escape import code_span, fenced, html_code, json_value, table_row, visible

SHARE_BYTES = 8_000
"""What one table or list of the plan may take; one row always fits."""
DETAILS_BYTES = 30_000
"""What the folded catalogs may take together."""
TABLE_BYTES = 50_000
"""What the only table of a comment may take."""
FRAME_BYTES = 2_000
"""What surrounds the lines of one folded catalog, generously."""
SENTENCE_LENGTH = 500
NAME_LENGTH = 200
FULL_PLAN = "the full plan is in the text and JSON output"


def plan_markdown(plan: Plan, *, drift: bool = False) -> str:
    """The plan for reviewers: headline, blocked table, one folded diff a catalog, what is left alone, digest."""
    blocks = [
        f"### {'Drift' if drift else 'Plan'}: {_headline(plan)}",
        *view.nothing_to_do(plan),
        f"**Incomplete.** {code_span(_short(view.incomplete(plan)))}" if not plan.complete else "",
        _blocked(plan),
        *_catalogs(plan, drift=drift),
        _unmanaged(plan),
        f"**{view.findings_title(plan.diagnostics)}**" if plan.diagnostics else "",
        _findings(plan.diagnostics, SHARE_BYTES),
        "Two ways out:\n\n" + "\n".join(f"* {way}" for way in view.WAYS_OUT) if drift and plan.changes else "",
        f"Tenant {code_span(plan.tenant_id)} at {code_span(_short(plan.graph_url))}, "
        f"reconciler {code_span(plan.tool_version)}",
        f"Digest: {code_span(plan.digest)}",
    ]
    return _joined(blocks)


def outcomes_markdown(outcomes: Sequence[Outcome], *, complete: bool = True) -> str:
    """What apply did: counts in the headline, then a table with whatever went wrong first."""
    ordered = sorted(outcomes, key=lambda outcome: outcome.status == "done")
    rows = [
        table_row(
            [
                outcome.status,
                code_span(_short(view.outcome_line(outcome))),
                "<br>".join(code_span(_short(note)) for note in view.outcome_notes(outcome)),
            ]
        )
        for outcome in ordered
    ]
    table = _table(["Status", "What", "Note"], rows, TABLE_BYTES)
    return _joined([f"### {view.apply_line(outcomes)}", *(view.nothing_done(outcomes, complete=complete) or [table])])


def diagnostics_markdown(diagnostics: Sequence[Diagnostic], *, files: int, extensions: int) -> str:
    """The findings of `validate`: the verdict as headline, then a table with place and fix."""
    headline, *others = view.verdict(diagnostics, files=files, extensions=extensions)
    return _joined([f"### {headline}", *others, _findings(diagnostics, TABLE_BYTES)])


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def _headline(plan: Plan) -> str:
    counts = plan.summary
    order = ("blocked", "create", "update", "rename", "replace", "delete", "unchanged")
    nothing = [] if plan.changes else ["no changes"]
    return ", ".join([*nothing, *(f"{counts[name]} {name}" for name in order if counts[name])])


def _short(text: str, length: int = SENTENCE_LENGTH) -> str:
    text = visible(text)
    return text if len(text) <= length else f"{text[:length]}… ({len(text) - length} characters more)"


def _within(lines: Sequence[str], maximum_bytes: int) -> tuple[list[str], int]:
    """As many of the first lines as fit, and how many are left out; they hold no surrogates any more."""
    kept: list[str] = []
    for line in lines:
        maximum_bytes -= len(line.encode()) + 1
        if maximum_bytes < 0:
            break
        kept.append(line)
    return kept, len(lines) - len(kept)


def _listed(lines: Sequence[str], noun: str, maximum_bytes: int) -> str:
    kept, cut = _within(lines, maximum_bytes)
    note = [f"\n**Cut: {view.counted(cut, noun)} more; {FULL_PLAN}.**"] if cut else []
    return "\n".join([*kept, *note])


def _table(titles: Sequence[str], rows: Sequence[str], maximum_bytes: int = SHARE_BYTES) -> str:
    return "\n".join([table_row(titles), table_row(["---"] * len(titles)), _listed(rows, "row", maximum_bytes)])


def _blocked(plan: Plan) -> str:
    rows = [
        table_row(
            [
                code_span(_short(view.extension_title(change.extension), NAME_LENGTH)),
                code_span(_short(view.catalog_label(change.catalog), NAME_LENGTH)),
                code_span(_short(change.because)),
                _place(view.place_text(change.source)),
            ]
        )
        for change in plan.blocked
    ]
    return f"**Blocked**\n\n{_table(['Extension', 'Catalog', 'Because', 'Declared at'], rows)}" if rows else ""


def _place(place: str) -> str:
    return code_span(_short(place, NAME_LENGTH)) if place else ""


def _catalogs(plan: Plan, *, drift: bool) -> list[str]:
    groups = view.by_catalog(plan)
    share = max(3 * FRAME_BYTES, DETAILS_BYTES // max(len(groups), 1)) - FRAME_BYTES
    blocks = [
        _catalog(group, [line for one in _shown(group) for line in _change(one, drift=drift)], share)
        for group in groups
        if _shown(group)
    ]
    kept, cut = _within(blocks, DETAILS_BYTES)
    return [*kept, f"**Cut: {view.counted(cut, 'catalog')} more; {FULL_PLAN}.**"] if cut else kept


def _shown(group: view.CatalogView) -> list[Change]:
    """The changes to unfold: what is blocked and has no fields is told by the table already."""
    return [change for change in group.changes if change.action != "blocked" or change.fields]


def _catalog(group: view.CatalogView, lines: Sequence[str], maximum_bytes: int) -> str:
    kept, cut = _within([_short(line, 2 * SENTENCE_LENGTH) for line in lines], maximum_bytes)
    name = html_code(_short(group.heading, NAME_LENGTH))
    summary = f"<summary>{name}: {view.counted(len(_shown(group)), 'change')}</summary>"
    note = f"\n\n**Cut: {view.counted(cut, 'line')} more; {FULL_PLAN}.**" if cut else ""
    kept = kept[:-1] if kept and not kept[-1] else kept
    return f"<details>{summary}\n\n{fenced(kept, 'diff')}{note}\n\n</details>"


def _change(change: Change, *, drift: bool) -> list[str]:
    details = [f"    {line}" for line in view.details(change, drift=drift)]
    fields = [line for field in change.fields for line in _field(change, field)]
    return [view.change_title(change), *details, *fields, ""]


def _field(change: Change, field: FieldChange) -> list[str]:
    cleared = "" if change.action == "create" else view.after_note(field)
    before = [] if field.before is None else [f"-   {view.field_path(field)}: {json_value(field.before)}"]
    return [*before, f"+   {view.field_path(field)}: {json_value(field.after)}{cleared}"]


def _unmanaged(plan: Plan) -> str:
    lines = [
        f"* {code_span(_short(view.extension_title(one.extension), NAME_LENGTH))} in "
        f"{code_span(_short(view.catalog_label(one.catalog), NAME_LENGTH))}"
        for one in plan.unmanaged
    ]
    if not lines:
        return ""
    summary = f"<summary>Unmanaged, left alone: {len(lines)}</summary>"
    return f"<details>{summary}\n\n{_listed(lines, 'extension', SHARE_BYTES)}\n\n</details>"


def _findings(diagnostics: Sequence[Diagnostic], maximum_bytes: int) -> str:
    rows = [
        table_row(
            [
                code_span(one.code),
                one.severity,
                _place(view.place_text(one.place)),
                code_span(_short(one.message)),
                code_span(_short(one.hint)) if one.hint else "",
            ]
        )
        for one in diagnostics
    ]
    return _table(["Code", "Severity", "Place", "Finding", "Fix"], rows, maximum_bytes) if rows else ""
