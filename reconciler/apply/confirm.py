"""The outcome of a write that Graph accepted or may have applied: what the read-back shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.apply import outcomes
from reconciler.apply.read_back import ReadBack, read_back
from reconciler.apply.send import Result, described
from reconciler.apply.writing import Accepted, Writing
from reconciler.errors import JournalError, ReconcilerError, ServiceError
from reconciler.model.objects import Observed
from reconciler.model.plan import Outcome
from reconciler.model.reason import Reason, reason

if TYPE_CHECKING:
    from reconciler.apply.run import Run


async def confirm(
    writing: Writing, answered: Observed | None, request_id: str | None, run: Run
) -> Outcome | None:
    """The outcome of an accepted write; None to send the values once more, under another name.

    That is worth a try if only values with another name are missing, in Graph's answer too
    (docs/graph.md §2.4).
    """
    expected = writing.expected
    lost_in_answer = expected.missing(answered) if answered else None
    dropped_at_once = writing.untried and expected.lost_only_aliases(lost_in_answer or ())
    try:
        seen = await read_back(writing, run, short=dropped_at_once)
        if dropped_at_once and seen.missing and not expected.lost_only_aliases(seen.missing):
            seen = await read_back(writing, run)  # reads lag: more is missing than was dropped
    except ServiceError as error:
        return outcomes.unknown(writing, reason("read_back_failed"), error, request_id)
    may_be_dropped = lost_in_answer is None or bool(lost_in_answer)
    aliases_missing = expected.lost_only_aliases(seen.missing)
    if writing.untried and may_be_dropped and aliases_missing and seen.own is not None:
        writing.second_spelling(seen.own, Accepted(request_id, bool(lost_in_answer)))
        return None
    if writing.first_refusal is not None:
        writing.notes.append(accepted_spelling(writing))
    return _judged(writing, seen, Accepted(request_id, bool(lost_in_answer)), run)


async def confirm_second_spelling(
    writing: Writing, result: Result, nothing_written: bool, run: Run
) -> Outcome:
    """The outcome after the values were sent once more, under their other name."""
    accepted = writing.accepted or Accepted(None, showed_loss=False)
    if nothing_written:
        writing.notes.append(_with_names(writing, "other_spelling_failed", error=str(result)))
    try:
        seen = await read_back(writing, run, short=nothing_written)
    except ServiceError as error:
        return outcomes.unknown(writing, reason("read_back_failed"), error, accepted.request_id)
    if isinstance(result, ServiceError) and not nothing_written and seen.missing:
        return outcomes.unknown(writing, reason("read_back_failed"), result, accepted.request_id)
    if not nothing_written:
        dropped = writing.expected.lost_only_aliases(seen.missing)
        code = "no_spelling_kept" if dropped else "accepted_spelling"
        writing.notes.append(_with_names(writing, code))
    return _judged(writing, seen, accepted, run)


async def settle_lost_write(writing: Writing, lost: ReconcilerError, run: Run) -> Outcome:
    """Of an update or a delete: done if a read-back shows that it was applied, else unknown."""
    try:
        seen = await read_back(writing, run)
    except ServiceError as unreadable:
        why = reason("answer_lost_unreadable", read_error=str(unreadable))
        return outcomes.unknown(writing, why, lost)
    if seen.missing:
        return outcomes.unknown(writing, reason("answer_lost"), lost)
    write = "delete" if writing.is_delete else "update"
    writing.notes.append(reason("applied_despite_lost_answer", write=write, error=str(lost)))
    return _judged(writing, seen, Accepted(outcomes.request_id_of(lost), showed_loss=True), run)


async def settle_conflict(writing: Writing, conflict: ReconcilerError, run: Run) -> Outcome:
    """Of a delete that was answered with HTTP 409: refused, unless a read-back shows that it was
    applied (docs/graph.md §1.6).
    """
    try:
        seen = await read_back(writing, run)
    except ServiceError as unreadable:
        why = reason("answer_lost_unreadable", read_error=str(unreadable))
        return outcomes.unknown(writing, why, conflict)
    if seen.missing:
        return outcomes.refused(writing, conflict)
    note = reason("applied_despite_lost_answer", write="delete", error=str(conflict))
    writing.notes.append(note)
    return outcomes.done(writing, outcomes.request_id_of(conflict))


def accepted_spelling(writing: Writing) -> Reason:
    """The note for a value that Graph accepted only under the name that was sent second."""
    return _with_names(writing, "accepted_spelling")


def _with_names(writing: Writing, code: str, **parameters: str) -> Reason:
    """The reason with the member, the name that was sent last, and the one before it."""
    *others, spelling = writing.spellings
    other = others[-1] if others else ""
    member = next(
        ("/".join(path) for path in writing.kind.fields.members if path[-1] in writing.spellings),
        spelling,
    )
    return reason(code, member=member, spelling=spelling, other_spelling=other, **parameters)


def _judged(writing: Writing, seen: ReadBack, accepted: Accepted, run: Run) -> Outcome:
    """Done, unless the read-back contradicts it."""
    if writing.is_delete:
        return _judged_delete(writing, seen, accepted)
    if seen.own is None:
        return outcomes.not_shown(writing, accepted.request_id)
    shows_former = writing.expected.shows_only_the_former(seen.missing)
    if shows_former and not accepted.showed_loss:
        why = reason("old_values_shown")
        return outcomes.unknown(writing, why, None, accepted.request_id)
    contradiction = _contradiction(writing, seen, seen.own, run)
    if contradiction is not None:
        if contradiction.code == "altered_by_write":
            _keep_former(writing, run)
        return outcomes.failed_after_write(writing, accepted.request_id, contradiction)
    if writing.expected.before is not None:
        writing.notes += writing.kind.notes(writing.expected.before, seen.own)
    return outcomes.done(writing, accepted.request_id)


def _keep_former(writing: Writing, run: Run) -> None:
    """Records a foreign object as it was before the write, so that it can be restored by hand; the
    run ends if that is impossible.
    """
    before = writing.expected.before
    if before is None:
        return
    try:
        run.record("altered", **described(writing.change), before=dict(before.raw))
    except JournalError as error:
        run.stop.give_up(reason("journal_failed"), error)


def _judged_delete(writing: Writing, seen: ReadBack, accepted: Accepted) -> Outcome:
    """Done once reads no longer return the object."""
    if seen.own is None:
        return outcomes.done(writing, accepted.request_id)
    why = reason("still_shown", id=seen.own.id)
    return outcomes.unknown(writing, why, None, accepted.request_id)


def _contradiction(writing: Writing, seen: ReadBack, own: Observed, run: Run) -> Reason | None:
    expected = writing.expected
    if seen.missing:
        return reason("value_dropped", paths=["/".join(row.path) for row in seen.missing])
    if seen.namesakes:
        return reason("twin_created", ids=[own.id, *seen.namesakes])
    removed = expected.removed(own)
    if removed:
        return reason("unknown_removed", paths=[*removed])
    altered = expected.altered(own)
    if altered:
        return reason("altered_by_write", paths=[*altered], recorded=run.keeps_journal)
    return None
