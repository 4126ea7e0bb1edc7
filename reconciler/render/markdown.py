"""Markdown for a pull-request comment: counts and blocked changes in the open, the details folded
as `diff`.

Text from Graph or a file that could become a mention, a link or a table cell stands in code spans
or fences. A page has a maximum size; what does not fit is omitted, whole changes at a time, and a
warning on top counts it and links to all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Change, FieldChange, Outcome, Plan
from reconciler.render import drift as drift_words
from reconciler.render import view
from reconciler.render.escape import code_span, fence_for, html_code, json_value, table_row, visible
from reconciler.render.page import COMMENT, Page, Room, size_bytes

TABLE_BYTES = 50_000
"""The maximum size of the only table of a comment."""
NOTE_BYTES = 400
"""Reserved for the warning about omitted parts, without its link, and the heading over what was
pending before.
"""
BLOCKED_SHARE, FINDINGS_SHARE = 0.5, 0.2
"""Shares of the bytes that are left: the rest is for the changes themselves."""
SENTENCE_LENGTH = 500
NAME_LENGTH = 200
VALUE_LENGTH = 400
"""Of each of the two values in a row of drift, so that both fit into its line."""


def plan_markdown(
    plan: Plan, page: Page = COMMENT, *, drift: bool = False, before_apply: bool = False
) -> str:
    """The plan for reviewers, at most as long as the page: marker, counts, digest, what is blocked,
    the changes.

    The first line is a hidden marker, the same for every plan of an environment: a bot finds its
    comment by it. Changes that a baseline already contains have a section of their own.
    `before_apply` as in text.
    """
    top, bottom = _top(plan, drift=drift, before_apply=before_apply), _bottom(plan, drift=drift)
    room = _room(page, [*top, *bottom])
    blocked = _blocked(plan, room)
    findings = _findings_of_plan(plan, room)
    changes = _catalogs(plan, room, drift=drift, already_pending=False)
    before = _catalogs(plan, room, drift=drift, already_pending=True)
    parts = [blocked, *changes, *_already_pending(plan, before), _unmanaged(plan, room), findings]
    return _joined([*top, _truncated(room, page), *parts, *bottom])


def summary_markdown(plan: Plan, page: Page = COMMENT, *, drift: bool = False) -> str:
    """The plan in titles and counts: each change is one line of a list, everything else
    a number.
    """
    top = _top(plan, drift=drift)
    bottom = [_unmanaged_summary(plan), _findings_summary(plan), _target(plan)]
    room = _room(page, [*top, *bottom])
    catalogs = [_titles(group, room, drift=drift) for group in view.by_catalog(plan)]
    return _joined([*top, _truncated(room, page), *catalogs, *bottom])


def _room(page: Page, fixed: Sequence[str]) -> Room:
    """The bytes that are left beside the parts of the page that are always there."""
    return Room(
        page.max_bytes
        - size_bytes("\n\n".join(fixed))
        - NOTE_BYTES
        - size_bytes(page.details_url or "")
    )


def _titles(group: view.CatalogView, room: Room, *, drift: bool) -> str:
    heading = f"**Catalog** {code_span(_short(group.heading(drift=drift), NAME_LENGTH))}"
    lines = [
        f"* {code_span(_short(view.change_title(change, drift=drift)))}" for change in group.changes
    ]
    kept = room.whole(lines, "change", frame_bytes=size_bytes(heading))
    return "\n".join([f"{heading}\n", *kept]) if kept else ""


def _unmanaged_summary(plan: Plan) -> str:
    return f"{view.UNMANAGED}: {len(plan.unmanaged)}" if plan.unmanaged else ""


def _findings_summary(plan: Plan) -> str:
    findings = view.findings_below(plan)
    return f"{view.findings_title(findings)}: {len(findings)}" if findings else ""


def _top(plan: Plan, *, drift: bool, before_apply: bool = False) -> list[str]:
    word = "Drift" if drift else "Plan"
    environment = f" for {plan.environment}" if plan.environment else ""
    counts = view.last_line(plan, drift=True).removeprefix("Drift: ") if drift else _headline(plan)
    return [
        f"<!-- reconciler:{word.lower()}{f':{plan.environment}' if plan.environment else ''} -->",
        f"### {word}{environment}: {counts}",
        f"Digest: {code_span(plan.digest)}",
        *([] if before_apply else view.nothing_to_do(plan)),
        f"**Incomplete.** {code_span(_short(view.incomplete(plan)))}" if not plan.complete else "",
        *map(_warning, view.findings_on_top(plan)),
    ]


def _warning(finding: Diagnostic) -> str:
    hint = f" {code_span(_short(finding.hint))}" if finding.hint else ""
    return f"> [!WARNING]\n> {code_span(finding.code)} {code_span(_short(finding.message))}{hint}"


def _bottom(plan: Plan, *, drift: bool) -> list[str]:
    lines = drift_words.to_resolve(plan) if drift else []
    to_resolve = "To resolve:\n\n" + "\n".join(f"* {line}" for line in lines) if lines else ""
    return [to_resolve, _target(plan)]


def _target(plan: Plan) -> str:
    return (
        f"Tenant {code_span(_short(plan.tenant_id, NAME_LENGTH))} at"
        f" {code_span(_short(plan.graph_url, NAME_LENGTH))}, reconciler"
        f" {code_span(_short(plan.tool_version, NAME_LENGTH))}"
    )


def _truncated(room: Room, page: Page) -> str:
    omitted = [view.counted(number, noun) for noun, number in room.omitted.items() if number]
    if not omitted:
        return ""
    link = (
        f"[Full plan](<{page.details_url}>)."
        if page.details_url
        else "The text and JSON formats show everything."
    )
    return (
        f"> [!WARNING]\n> **Truncated: {', '.join(omitted)} omitted to fit the size limit.** {link}"
    )


def outcomes_markdown(outcomes: Sequence[Outcome], *, complete: bool = True) -> str:
    """What apply did: counts in the headline, then a table that begins with what was not done."""
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
    return _joined(
        [
            f"### {view.apply_line(outcomes)}",
            *(view.nothing_done(outcomes, complete=complete) or [table]),
        ]
    )


def diagnostics_markdown(diagnostics: Sequence[Diagnostic], **checked: int) -> str:
    """The findings of `validate`: the verdict as headline, then a table with place and hint."""
    headline, *others = view.verdict(diagnostics, **checked)
    rows = _finding_rows(diagnostics)
    return _joined(
        [f"### {headline}", *others, _whole_table(_FINDING_TITLES, rows) if rows else ""]
    )


def _joined(blocks: Sequence[str]) -> str:
    return "\n\n".join(block for block in blocks if block) + "\n"


def _headline(plan: Plan) -> str:
    counts = plan.summary
    order = ("blocked", "create", "update", "rename", "replace", "delete", "unchanged")
    nothing = [] if plan.changes else ["no changes"]
    return ", ".join([*nothing, *(f"{counts[name]} {name}" for name in order if counts[name])])


def _short(text: str, length: int = SENTENCE_LENGTH) -> str:
    text = visible(text)
    return (
        text if len(text) <= length else f"{text[:length]}… ({len(text) - length} more characters)"
    )


def _table(titles: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([table_row(titles), table_row(["---"] * len(titles)), *rows])


def _whole_table(titles: Sequence[str], rows: Sequence[str]) -> str:
    """The only table of a page, with as many rows as fit."""
    room = Room(TABLE_BYTES)
    table = _table(titles, room.whole(rows, "row"))
    omitted = room.omitted["row"]
    if not omitted:
        return table
    more = f"{omitted} more {'row' if omitted == 1 else 'rows'} omitted"
    return (
        f"{table}\n\n**Truncated: {more} to fit the size limit. The text and JSON formats show"
        " everything.**"
    )


def _blocked(plan: Plan, room: Room) -> str:
    rows = [
        table_row(
            [
                code_span(_short(view.extension_title(change.extension), NAME_LENGTH)),
                code_span(_short(view.catalog_label(change.catalog), NAME_LENGTH)),
                code_span(_short(change.because))
                + (" (already pending)" if change.already_pending else ""),
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
        pending = [
            change for change in group.changes if change.action != "blocked"
        ]  # those have a table of their own
        shown = [change for change in pending if change.already_pending is already_pending]
        blocks += _catalog(group, shown, room, drift=drift)
    return blocks


def _already_pending(plan: Plan, blocks: Sequence[str]) -> list[str]:
    number = sum(change.already_pending for change in plan.pending)
    return [f"**Already pending before this change: {number}**", *blocks] if number else []


def _catalog(
    group: view.CatalogView, changes: Sequence[Change], room: Room, *, drift: bool
) -> list[str]:
    """The folded diff of a catalog; nothing where no change of it fits."""
    shared = [] if drift else view.shared_rows(changes)
    head = _lines([view.shared_title(changes), *map(_created, shared)]) if shared else ""
    texts = [_lines(_change(change, shared, drift=drift)) for change in changes]
    fence = fence_for("\n".join([head, *texts]))
    name = html_code(_short(view.catalog_title(group.catalog), NAME_LENGTH))
    summary = f"<summary>{name}: {view.action_counts(changes, drift=drift)}</summary>"

    def block(kept: Sequence[str]) -> str:
        """The block around the kept changes."""
        body, number = "\n\n".join(filter(None, [head, *kept])), len(texts) - len(kept)
        omitted = (
            f"\n\n**{number} more {'change' if number == 1 else 'changes'} omitted.**"
            if number
            else ""
        )
        return f"<details>{summary}\n\n{fence}diff\n{body}\n{fence}{omitted}\n\n</details>"

    kept = room.whole(texts, "change", frame_bytes=size_bytes(block([])))
    return [block(kept)] if kept else []


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(visible(_short(line, 2 * SENTENCE_LENGTH)) for line in lines)


def _change(change: Change, shared: Collection[FieldChange], *, drift: bool) -> list[str]:
    title = view.change_title(change, drift=drift)
    details = [f"    {line}" for line in view.details(change, drift=drift)]
    rows = view.own_rows(change, shared, drift=drift)
    return [title, *details, *(line for row in rows for line in _field(change, row, drift=drift))]


def _field(change: Change, row: FieldChange, *, drift: bool) -> list[str]:
    if change.action == "create":
        return [_created(row)]
    path = view.field_path(row)
    if drift:
        declared, live = (
            _short(json_value(value), VALUE_LENGTH) for value in (row.after, row.before)
        )
        return [f"{view.SYMBOLS['update']}   {path}: {drift_words.values(row, declared, live)}"]
    before = [] if row.before is None else [f"-   {path}: {json_value(row.before)}"]
    return [*before, f"+   {path}: {view.after_text(row)}"]


def _created(row: FieldChange) -> str:
    return f"+   {view.field_path(row)}: {json_value(row.after)}"


def _unmanaged(plan: Plan, room: Room) -> str:
    lines = [
        f"* {code_span(_short(view.extension_title(unmanaged.extension), NAME_LENGTH))} in "
        f"{code_span(_short(view.catalog_label(unmanaged.catalog), NAME_LENGTH))}"
        for unmanaged in plan.unmanaged
    ]
    summary = f"<details><summary>{view.UNMANAGED}: {len(lines)}</summary>"
    end = "\n\n".join(["", *view.unmanaged_notes(plan), "</details>"])
    kept = room.whole(
        lines, "unmanaged extension", frame_bytes=size_bytes(summary + end) + len("\n\n")
    )
    return "\n".join([f"{summary}\n", *kept]) + end if kept else ""


def _findings_of_plan(plan: Plan, room: Room) -> str:
    findings = view.findings_below(plan)
    title = f"**{view.findings_title(findings)}**"
    head = f"{title}\n\n{_table(_FINDING_TITLES, [])}\n"
    kept = room.whole(
        _finding_rows(findings), "finding", FINDINGS_SHARE, frame_bytes=size_bytes(head)
    )
    return f"{title}\n\n{_table(_FINDING_TITLES, kept)}" if kept else ""


_FINDING_TITLES = ("Code", "Severity", "Place", "Finding", "Hint")


def _finding_rows(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [
        table_row(
            [
                code_span(finding.code),
                finding.severity,
                _place(view.place_text(finding.place)),
                code_span(_short(finding.message)),
                code_span(_short(finding.hint)) if finding.hint else "",
            ]
        )
        for finding in diagnostics
    ]
