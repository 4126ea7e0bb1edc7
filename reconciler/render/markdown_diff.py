"""The changes of one scope as a folded `diff` block of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.objects import ObjectRef
from reconciler.model.plan import Change, FieldChange
from reconciler.render import drift as drift_words
from reconciler.render import rows, titles, view
from reconciler.render.escape import fence_for, html_code, visible
from reconciler.render.markdown_parts import NAME_LENGTH, SENTENCE_LENGTH, short
from reconciler.render.page import Room, size_bytes
from reconciler.render.scopes import action_counts
from reconciler.render.wording import Wording

VALUE_LENGTH = 400
"""Of each of the two values in a row of drift, so that both fit into its line."""


def scope_block(
    scope: ObjectRef,
    changes: Sequence[Change],
    room: Room,
    wording: Wording,
    *,
    is_open: bool = False,
) -> str:
    """The block with as many of the changes as there is room for; "" if that is none."""
    shared = rows.shared_rows(changes, wording)
    head = _lines(_shared_lines(changes, shared))
    texts = [_lines(_change(change, shared, wording)) for change in changes]
    fence = fence_for("\n".join([head, *texts]))
    name = html_code(short(titles.scope_title(scope), NAME_LENGTH))
    opened = "<details open>" if is_open else "<details>"
    summary = f"<summary>{name}: {action_counts(changes, wording)}</summary>"

    def block(kept: Sequence[str]) -> str:
        """The block around the kept changes."""
        body = "\n\n".join(part for part in (head, *kept) if part)
        omitted = _omitted(len(texts) - len(kept))
        return f"{opened}{summary}\n\n{fence}diff\n{body}\n{fence}{omitted}\n\n</details>"

    kept = room.whole(texts, "change", frame_bytes=size_bytes(block([])))
    return block(kept) if kept else ""


def _omitted(number: int) -> str:
    if not number:
        return ""
    return f"\n\n**{number} more {'change' if number == 1 else 'changes'} omitted.**"


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(visible(short(line, 2 * SENTENCE_LENGTH)) for line in lines)


def _shared_lines(changes: Sequence[Change], shared: rows.Shared) -> list[str]:
    lines: list[str] = []
    for kind, of_kind in shared.items():
        lines += [rows.shared_title(changes, kind), *map(_created, of_kind)]
    return lines


def _change(change: Change, shared: rows.Shared, wording: Wording) -> list[str]:
    lines = [titles.change_title(change, wording)]
    lines += [f"    {line}" for line in view.details(change, wording)]
    for row in rows.own_rows(change, shared, wording):
        lines += _row(change, row, wording)
    return lines


def _row(change: Change, row: FieldChange, wording: Wording) -> list[str]:
    if change.action == "create":
        return [_created(row)]
    path = rows.field_path(row)
    if change.action == "delete":
        return [f"-   {path}: {rows.value_text(row.before)}"]
    if rows.symbol(change, row) == "=":
        return [f"    {path}: {rows.value_text(row.after)}"]
    if wording.drift:
        declared = short(rows.value_text(row.after, row.before), VALUE_LENGTH)
        live = short(rows.before_text(row), VALUE_LENGTH)
        values = drift_words.values(row, declared, live)
        return [f"{titles.SYMBOLS['update']}   {path}: {values}"]
    before = [] if row.before is None else [f"-   {path}: {rows.before_text(row)}"]
    return [*before, f"+   {path}: {rows.after_text(row)}"]


def _created(row: FieldChange) -> str:
    return f"+   {rows.field_path(row)}: {rows.created_text(row)}"
