"""Markdown for a pull-request comment: counts, blocked changes and deletions in the open, the other
details folded as `diff`.

Text from Graph or a file that could become a mention, a link or a table cell stands in code spans
or fences. A page has a maximum size; what does not fit is omitted, whole changes at a time, and a
warning on top counts it and links to all.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change, Plan
from reconciler.render import drift as drift_words
from reconciler.render import titles, view
from reconciler.render.escape import code_span, table_row
from reconciler.render.findings import findings_below, findings_on_top, findings_title
from reconciler.render.markdown_diff import scope_block
from reconciler.render.markdown_parts import (
    FINDING_TITLES,
    finding_rows,
    joined,
    name_span,
    place_span,
    sentence_span,
    table,
)
from reconciler.render.nouns import capitalized, common_noun, counted
from reconciler.render.page import COMMENT, Page, Room, size_bytes
from reconciler.render.reasons import sentence
from reconciler.render.scopes import ScopeView, by_scope, incomplete
from reconciler.render.wording import PLAIN, Wording

NOTE_BYTES = 400
"""Reserved for the warning about omitted parts, without its link, and the heading over what was
pending before.
"""
BLOCKED_SHARE, FINDINGS_SHARE = 0.5, 0.2
"""Shares of the bytes that are left: the rest is for the changes themselves."""
_REMOVED = "**To be deleted or replaced**"


def plan_markdown(plan: Plan, page: Page = COMMENT, wording: Wording = PLAIN) -> str:
    """The plan for reviewers, at most as long as the page: marker, counts, digest, what is blocked,
    the changes.

    The first line is a hidden marker, the same for every plan of an environment: a bot finds its
    comment by it. Changes that a baseline already contains have a section of their own.
    """
    top, bottom = _top(plan, wording), [_to_resolve(plan, wording), _target(plan)]
    room = _room(page, [*top, *bottom])
    # Each of these takes from the room what it needs: the order decides what is omitted first.
    blocked = _blocked(plan, room, wording)
    removed = _removed(plan, room, wording)
    findings = _findings(plan, room)
    new = _changes(plan, room, wording, already_pending=False)
    pending_before = _changes(plan, room, wording, already_pending=True)
    unmanaged = _unmanaged(plan, room)
    return joined(
        [
            *top,
            _truncated(room, page),
            blocked,
            *removed,
            *new,
            _already_pending(plan),
            *pending_before,
            unmanaged,
            findings,
            *bottom,
        ]
    )


def summary_markdown(plan: Plan, page: Page = COMMENT, wording: Wording = PLAIN) -> str:
    """The plan in titles and counts: each change is one line of a list, everything else
    a number.
    """
    top = _top(plan, wording)
    bottom = [_unmanaged_summary(plan), _findings_summary(plan), _target(plan)]
    room = _room(page, [*top, *bottom])
    # What is removed takes its room first, so that it is the last to be omitted.
    removed = [_titles(group.only(removed=True), room, wording) for group in by_scope(plan)]
    others = [_titles(group.only(removed=False), room, wording) for group in by_scope(plan)]
    heading = _REMOVED if any(removed) else ""
    return joined([*top, _truncated(room, page), heading, *removed, *others, *bottom])


def _room(page: Page, fixed: Sequence[str]) -> Room:
    """The bytes that are left beside the parts of the page that are always there."""
    link_bytes = size_bytes(page.details_url or "")
    return Room(page.max_bytes - size_bytes("\n\n".join(fixed)) - NOTE_BYTES - link_bytes)


def _top(plan: Plan, wording: Wording) -> list[str]:
    name = plan.environment
    counts = view.counts(plan, wording) if wording.drift else _headline(plan)
    return [
        f"<!-- reconciler:{wording.title.lower()}{f':{name}' if name else ''} -->",
        f"### {wording.title}{f' for {name}' if name else ''}: {counts}",
        f"Digest: {code_span(plan.digest)}",
        *view.nothing_to_do(plan, wording),
        "" if plan.complete else f"**Incomplete.** {sentence_span(incomplete(plan))}",
        *map(_warning, findings_on_top(plan)),
    ]


def _headline(plan: Plan) -> str:
    counts = plan.summary
    order = ("blocked", "delete", "replace", "create", "update", "rename", "unchanged")
    nothing = [] if plan.changes else ["no changes"]
    return ", ".join([*nothing, *(f"{counts[name]} {name}" for name in order if counts[name])])


def _warning(finding: Diagnostic) -> str:
    hint = f" {sentence_span(finding.hint)}" if finding.hint else ""
    return f"> [!WARNING]\n> {code_span(finding.code)} {sentence_span(finding.message)}{hint}"


def _to_resolve(plan: Plan, wording: Wording) -> str:
    lines = drift_words.to_resolve(plan) if wording.drift else []
    return "To resolve:\n\n" + "\n".join(f"* {line}" for line in lines) if lines else ""


def _target(plan: Plan) -> str:
    return (
        f"Tenant {name_span(plan.tenant_id)} at {name_span(plan.graph_url)}, reconciler"
        f" {name_span(plan.tool_version)}"
    )


def _truncated(room: Room, page: Page) -> str:
    omitted = [counted(number, noun) for noun, number in room.omitted.items() if number]
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


def _titles(group: ScopeView, room: Room, wording: Wording) -> str:
    heading = f"**{group.kind}** {name_span(group.heading(wording))}"
    lines = [f"* {sentence_span(titles.change_title(change, wording))}" for change in group.changes]
    kept = room.whole(lines, "change", frame_bytes=size_bytes(heading))
    return "\n".join([f"{heading}\n", *kept]) if kept else ""


def _unmanaged_summary(plan: Plan) -> str:
    return f"{view.UNMANAGED}: {len(plan.unmanaged)}" if plan.unmanaged else ""


def _findings_summary(plan: Plan) -> str:
    findings = findings_below(plan)
    return f"{findings_title(findings)}: {len(findings)}" if findings else ""


def _blocked(plan: Plan, room: Room, wording: Wording) -> str:
    rows = [_blocked_row(change, wording) for change in plan.blocked]
    heads = (
        _column([change.object for change in plan.blocked], "Object"),
        _column([change.parents[0] for change in plan.blocked if change.parents], "In"),
        "Because",
        "Declared at",
    )
    frame_bytes = size_bytes(f"**Blocked**\n\n{table(heads, [])}\n")
    kept = room.whole(rows, "blocked change", BLOCKED_SHARE, frame_bytes=frame_bytes)
    return f"**Blocked**\n\n{table(heads, kept)}" if kept else ""


def _column(refs: Sequence[ObjectRef], otherwise: str) -> str:
    """The head of a column: the kind of all objects in it, if they have one and the same."""
    word = common_noun(refs)
    return otherwise if word == "object" else capitalized(word)


def _blocked_row(change: Change, wording: Wording) -> str:
    because = sentence_span(sentence(change.reason, change, wording.sentences))
    pending = " (already pending)" if change.already_pending else ""
    cells = (
        name_span(titles.object_title(change.object)),
        _parents_span(change.parents),
        f"{because}{pending}",
        place_span(change.source),
    )
    return table_row(cells)


def _parents_span(parents: Parents) -> str:
    return name_span(titles.parents_label(parents)) if parents else ""


def _removed(plan: Plan, room: Room, wording: Wording) -> list[str]:
    """What is deleted or replaced, in the open: one diff for each scope."""
    blocks: list[str] = []
    for group in by_scope(plan):
        shown = [change for change in group.changes if change.removes]
        blocks.append(scope_block(group.scope, shown, room, wording, is_open=True))
    return [_REMOVED, *blocks] if any(blocks) else []


def _changes(plan: Plan, room: Room, wording: Wording, *, already_pending: bool) -> list[str]:
    """One folded diff for each scope that has room for at least one of these changes."""
    blocks: list[str] = []
    for group in by_scope(plan):
        shown = [
            change
            for change in group.changes
            if change.already_pending is already_pending and not _is_shown_above(change)
        ]
        blocks.append(scope_block(group.scope, shown, room, wording))
    return blocks


def _is_shown_above(change: Change) -> bool:
    """True for what has a section of its own, before the folded ones."""
    return change.action == "blocked" or change.removes


def _already_pending(plan: Plan) -> str:
    number = sum(change.already_pending for change in plan.pending if not _is_shown_above(change))
    return f"**Already pending before this change: {number}**" if number else ""


def _unmanaged(plan: Plan, room: Room) -> str:
    lines: list[str] = []
    for unmanaged in plan.unmanaged:
        where = _parents_span(unmanaged.parents)
        title = name_span(titles.object_title(unmanaged.object))
        lines.append(f"* {title} in {where}" if where else f"* {title}")
    summary = f"<details><summary>{view.UNMANAGED}: {len(lines)}</summary>"
    end = "\n\n".join(["", *view.unmanaged_notes(plan), "</details>"])
    frame_bytes = size_bytes(summary + end) + len("\n\n")
    kept = room.whole(lines, f"unmanaged {view.unmanaged_noun(plan)}", frame_bytes=frame_bytes)
    return "\n".join([f"{summary}\n", *kept]) + end if kept else ""


def _findings(plan: Plan, room: Room) -> str:
    findings = findings_below(plan)
    head = f"**{findings_title(findings)}**\n\n"
    frame_bytes = size_bytes(f"{head}{table(FINDING_TITLES, [])}\n")
    rows = finding_rows(findings)
    kept = room.whole(rows, "finding", FINDINGS_SHARE, frame_bytes=frame_bytes)
    return f"{head}{table(FINDING_TITLES, kept)}" if kept else ""
