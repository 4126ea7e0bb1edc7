"""The outcome of one change, from how its writing ended: a status with a reason code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.apply.writing import Writing
from reconciler.errors import (
    NotRepeatedError,
    ReconcilerError,
    ServiceError,
    ServiceRefusalError,
)
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Kind
from reconciler.model.plan import Change, Outcome
from reconciler.model.reason import Reason, reason


def refused(writing: Writing, error: ReconcilerError) -> Outcome:
    """Nothing was written, because Graph or the network did not let it; unknown if something may
    have been written before.
    """
    request_id = request_id_of(error)
    if writing.may_be_written:
        return unknown(writing, reason("answer_lost"), error, request_id)
    return Outcome(
        writing.change, "failed", request_id, _why_refused(writing, error), error=str(error)
    )


def _why_refused(writing: Writing, error: ReconcilerError) -> Reason:
    """The code, with advice of the kind or about permissions where there is any."""
    if not isinstance(error, ServiceRefusalError):
        return reason("not_sent")
    kind = writing.kind
    advice_code = kind.refusals.get(error.code or "")
    if advice_code is not None:
        return reason(advice_code, status=error.status)
    if error.status == 403:
        return _why_forbidden(writing)
    if writing.parent_lags(error):
        return reason("parent_not_shown_yet", status=error.status)
    return reason("refused", status=error.status)


def _why_forbidden(writing: Writing) -> Reason:
    """Who creates an object need not have a role in it."""
    parent = writing.new_parent
    if parent is not None and parent.no_role_inside:
        return reason(parent.no_role_inside)
    return reason("refused_forbidden", permission=_needed_to_write(writing.kind))


def _needed_to_write(kind: Kind) -> str:
    needs = kind.permission
    where = f" on this {kind.parents[0]}" if kind.parents else ""
    note = f"; {needs.note}" if needs.note else ""
    return f"Writing needs {needs.write} or the role {needs.role}{where}{note}."


def check_failed(writing: Writing, error: ServiceError) -> Outcome:
    """The object could not be read before the first attempt."""
    hint = f" {error.hint}" if isinstance(error, ServiceRefusalError) and error.hint else ""
    return Outcome(
        writing.change, "failed", error.request_id, reason("check_failed"), f"{error}{hint}"
    )


def held_back(writing: Writing, why: Reason) -> Outcome:
    """The object must not be written, which only a further read of it has shown."""
    if writing.may_be_written:
        return unknown(writing, why)
    return Outcome(writing.change, "failed", reason=why)


def stale(writing: Writing, why: Reason) -> Outcome:
    """The object is no longer as planned."""
    if writing.may_be_written:
        return unknown(writing, _before_retry(why))
    return Outcome(writing.change, "failed", reason=why, stale=True)


def lost_before_retry(why: Reason, writing: Writing) -> NotRepeatedError:
    """In place of an answer: the create may have been applied, and its name is taken now."""
    text = f"an {writing.kind.name} with this name already exists ({why.parameters.get('id')})"
    return NotRepeatedError(f"Before the retry: {text}.", may_be_applied=True)


def _before_retry(why: Reason) -> Reason:
    parameters: dict[str, JsonValue] = {"why": why.code, **why.parameters}
    return Reason("stale_before_retry", parameters)


def interrupted(writing: Writing, because: Reason) -> Outcome:
    """The end of the run interrupted the change."""
    if writing.may_be_written:
        return unknown(writing, reason("interrupted_unconfirmed"))
    return Outcome(writing.change, "skipped", reason=because)


def request_id_of(error: ReconcilerError) -> str | None:
    """The request ID of the answer that an error is about, if it has one."""
    request_id = getattr(error, "request_id", None)
    return request_id if isinstance(request_id, str) else None


def unknown(
    writing: Writing,
    why: Reason,
    error: ReconcilerError | None = None,
    request_id: str | None = None,
) -> Outcome:
    """The change may have been applied."""
    request_id = request_id or (request_id_of(error) if error else None) or writing.request_id
    return Outcome(writing.change, "unknown", request_id, why, str(error) if error else None)


def done(writing: Writing, request_id: str | None) -> Outcome:
    """The change was applied; the reason says what is unusual about that."""
    notes = writing.notes
    if not notes:
        return Outcome(writing.change, "done", request_id)
    return Outcome(writing.change, "done", request_id, _with_note(notes[0], notes[1:]))


def not_shown(writing: Writing, request_id: str | None) -> Outcome:
    """Graph accepted the write and gave an id, but reads do not return the object."""
    why = reason("not_shown_yet", id=writing.change.object.id)
    return Outcome(writing.change, "unknown", request_id, _with_note(why, writing.notes))


def not_found(writing: Writing, lost: ReconcilerError, others: Sequence[str] = ()) -> Outcome:
    """No object as sent was found after a create; `others` are the ids of those with its name.

    Failed if Graph has answered nothing but that the create conflicts with what exists.
    """
    if not writing.met_only_conflicts:
        why = reason("others_found", ids=[*others]) if others else reason("never_appeared")
        return unknown(writing, why, lost)
    why = reason("conflict_with", ids=[*others]) if others else reason("conflict")
    return Outcome(writing.change, "failed", request_id_of(lost), why, str(lost))


def failed_after_write(writing: Writing, request_id: str | None, why: Reason) -> Outcome:
    """Graph accepted the write, and what is live is not as it should be."""
    why = _with_note(why, writing.notes)
    return Outcome(writing.change, "failed", request_id, why, written=True)


def _with_note(why: Reason, notes: Sequence[Reason]) -> Reason:
    """The reason with what else is unusual, as its parameter `note`."""
    if not notes:
        return why
    note = _with_note(notes[0], notes[1:])
    return replace(
        why, parameters={**why.parameters, "note": {"code": note.code, **note.parameters}}
    )


def of_change(change: Change, last: Outcome, created: Outcome | None) -> Outcome:
    """The outcome of a change whose last write has ended; `created` is that of the create of a
    replacement.
    """
    if change.action != "replace":
        return last
    if created is None:
        return replace(last, change=replace(change, parents=last.change.parents))
    whole = replace(change, object=created.change.object, parents=created.change.parents)
    notes = [why for why in (created.reason, last.reason) if why is not None]
    if last.status == "done":
        why = _with_note(notes[0], notes[1:]) if notes else None
        return Outcome(whole, "done", created.request_id, why)
    remains = reason("old_remains", id=whole.object.id, old_id=change.object.id)
    return Outcome(
        whole,
        "unknown" if last.status == "unknown" else "failed",
        last.request_id,
        _with_note(remains, notes),
        last.error,
        written=True,
    )
