"""Markdown for a pull-request comment: counts and blocked changes in the open, the details folded as `diff`.

What could act (mention, link, break a table) stands in code spans or fences. A page has a size; what does not fit is
left out whole, change by change, and a loud note on top says how much and where all of it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Change, FieldChange, Outcome, Plan
from reconciler.render import view
from reconciler.render.escape import code_span, fence_for, html_code, json_value, table_row, visible
from reconciler.render.page import COMMENT, Page, Room, size_bytes

TABLE_BYTES = 50_000
"""What the only table of a comment may take."""
NOTE_BYTES = 400
"""What the note about cut parts takes, without its link, and the heading over what was pending before."""
BLOCKED_SHARE, FINDINGS_SHARE = 0.5, 0.2
"""Of the room that is left: the rest has to show the changes themselves."""
SENTENCE_LENGTH = 500
NAME_LENGTH = 200


def plan_markdown(plan: Plan, page: Page = COMMENT, *, drift: bool = False) -> str:
    """The plan for reviewers, at most as long as the page: marker, counts, digest, what is blocked, the changes.

    The first line is a hidden marker, the same for every plan of an environment: a bot finds its comment by it. Changes
    that a baseline holds too have a section of their own.
    """
    top, bottom = _top(plan, drift=drift), _bottom(plan, drift=drift)
    room = Room(
        page.max_bytes - size_bytes("\n\n".join([*top, *bottom])) - NOTE_BYTES - size_bytes(page.details_url or "")
    )
    blocked = _blocked(plan, room)
    findings = _findings_of_plan(plan, room)
    changes = _catalogs(plan, room, drift=drift, already_pending=False)
    before = _catalogs(plan, room, drift=drift, already_pending=True)
    parts = [blocked, *changes, *_already_pending(plan, before), _unmanaged(plan, room), findings]
    return _joined([*top, _cut_note(room, page), *parts, *bottom])


def _top(plan: Plan, *, drift: bool) -> list[str]:
    word = "Drift" if drift else "Plan"
    environment = f" for {plan.environment}" if plan.environment else ""
    return [
        f"<!-- reconciler:{word.lower()}{f':{plan.environment}' if plan.environment else ''} -->",
        f"### {word}{environment}: {_headline(plan)}",
        f"Digest: {code_span(plan.digest)}",
        *view.nothing_to_do(plan),
        f"**Incomplete.** {code_span(_short(view.incomplete(plan)))}" if not plan.complete else "",
        *map(_warning, view.findings_on_top(plan)),
    ]


def _warning(finding: Diagnostic) -> str:
    hint = f" {code_span(_short(finding.hint))}" if finding.hint else ""
    return f"> [!WARNING]\n> {code_span(finding.code)} {code_span(_short(finding.message))}{hint}"


def _bottom(plan: Plan, *, drift: bool) -> list[str]:
    return [
        "Two ways out:\n\n" + "\n".join(f"* {way}" for way in view.ways_out(plan)) if drift and plan.changes else "",
        f"Tenant {code_span(_short(plan.tenant_id, NAME_LENGTH))} at {code_span(_short(plan.graph_url, NAME_LENGTH))}, "
        f"reconciler {code_span(_short(plan.tool_version, NAME_LENGTH))}",
    ]


def _cut_note(room: Room, page: Page) -> str:
    cut = [view.counted(number, noun) for noun, number in room.cut.items() if number]
    if not cut:
        return ""
    where = f"[The whole plan](<{page.details_url}>)." if page.details_url else "Text and JSON output have them all."
    return f"> [!WARNING]\n> **Cut: {', '.join(cut)} left out here, for want of room.** {where}"


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
    table = _whole_table(["Status", "What", "Note"], rows)
    return _joined([f"### {view.apply_line(outcomes)}", *(view.nothing_done(outcomes, complete=complete) or [table])])


def diagnostics_markdown(diagnostics: Sequence[Diagnostic], **looked_at: int) -> str:
    """The findings of `validate`: the verdict as headline, then a table with place and fix."""
    headline, *others = view.verdict(diagnostics, **looked_at)
    rows = _finding_rows(diagnostics)
    return _joined([f"### {headline}", *others, _whole_table(_FINDING_TITLES, rows) if rows else ""])


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


def _table(titles: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([table_row(titles), table_row(["---"] * len(titles)), *rows])


def _whole_table(titles: Sequence[str], rows: Sequence[str]) -> str:
    """The only table of a page, with as many rows as fit."""
    room = Room(TABLE_BYTES)
    table = _table(titles, room.whole(rows, "row"))
    cut = room.cut["row"]
    return f"{table}\n\n**Cut: {view.counted(cut, 'row')} more; text and JSON output have them all.**" if cut else table


def _blocked(plan: Plan, room: Room) -> str:
    rows = [
        table_row(
            [
                code_span(_short(view.extension_title(change.extension), NAME_LENGTH)),
                code_span(_short(view.catalog_label(change.catalog), NAME_LENGTH)),
                code_span(_short(change.because)) + (" (pending already)" if change.already_pending else ""),
                _place(view.place_text(change.source)),
            ]
        )
        for change in plan.blocked
    ]
    titles = ("Extension", "Catalog", "Because", "Declared at")
    frame_bytes = size_bytes(f"**Blocked**\n\n{_table(titles, [])}\n")
    kept = room.whole(rows, "blocked change", BLOCKED_SHARE, frame_bytes=frame_bytes)
    return f"**Blocked**\n\n{_table(titles, kept)}" if kept else ""


def _place(place: str) -> str:
    return code_span(_short(place, NAME_LENGTH)) if place else ""


def _catalogs(plan: Plan, room: Room, *, drift: bool, already_pending: bool) -> list[str]:
    """One folded diff for each catalog that has room for at least one change."""
    blocks = []
    for group in view.by_catalog(plan):
        pending = [one for one in group.changes if one.action != "blocked"]  # the table tells of these
        shown = [one for one in pending if one.already_pending is already_pending]
        blocks += _catalog(group, ["\n".join(_change(one, drift=drift)) for one in shown], room)
    return blocks


def _already_pending(plan: Plan, blocks: Sequence[str]) -> list[str]:
    number = sum(change.already_pending for change in plan.pending)
    return [f"**Already pending before this change: {number}**", *blocks] if number else []


def _catalog(group: view.CatalogView, changes: Sequence[str], room: Room) -> list[str]:
    """The folded diff of a catalog; nothing where no change of it fits."""
    name = html_code(_short(group.heading, NAME_LENGTH))
    fence = fence_for("\n".join(changes))

    summary = f"<summary>{name}: {view.counted(len(changes), 'change')}</summary>"

    def block(kept: Sequence[str]) -> str:
        """The block around the kept changes."""
        body, left = "\n\n".join(kept), len(changes) - len(kept)
        cut = f"\n\n**{view.counted(left, 'change')} more, cut.**" if left else ""
        return f"<details>{summary}\n\n{fence}diff\n{body}\n{fence}{cut}\n\n</details>"

    kept = room.whole(changes, "change", frame_bytes=size_bytes(block([])))
    return [block(kept)] if kept else []


def _change(change: Change, *, drift: bool) -> list[str]:
    details = [f"    {line}" for line in view.details(change, drift=drift)]
    fields = [line for field in change.fields for line in _field(change, field)]
    return [visible(_short(line, 2 * SENTENCE_LENGTH)) for line in (view.change_title(change), *details, *fields)]


def _field(change: Change, field: FieldChange) -> list[str]:
    cleared = "" if change.action == "create" else view.after_note(field)
    before = [] if field.before is None else [f"-   {view.field_path(field)}: {json_value(field.before)}"]
    return [*before, f"+   {view.field_path(field)}: {json_value(field.after)}{cleared}"]


def _unmanaged(plan: Plan, room: Room) -> str:
    lines = [
        f"* {code_span(_short(view.extension_title(one.extension), NAME_LENGTH))} in "
        f"{code_span(_short(view.catalog_label(one.catalog), NAME_LENGTH))}"
        for one in plan.unmanaged
    ]
    summary = f"<details><summary>Unmanaged, left alone: {len(lines)}</summary>"
    kept = room.whole(lines, "unmanaged extension", frame_bytes=size_bytes(summary) + len("\n\n\n\n</details>"))
    return "\n".join([f"{summary}\n", *kept, "\n</details>"]) if kept else ""


def _findings_of_plan(plan: Plan, room: Room) -> str:
    findings = view.findings_below(plan)
    title = f"**{view.findings_title(findings)}**"
    head = f"{title}\n\n{_table(_FINDING_TITLES, [])}\n"
    kept = room.whole(_finding_rows(findings), "finding", FINDINGS_SHARE, frame_bytes=size_bytes(head))
    return f"{title}\n\n{_table(_FINDING_TITLES, kept)}" if kept else ""


_FINDING_TITLES = ("Code", "Severity", "Place", "Finding", "Fix")


def _finding_rows(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [
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
