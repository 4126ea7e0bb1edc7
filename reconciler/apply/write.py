"""The write of one change, as one visible loop: check, send one attempt, classify, read back.

Every way back leads to the check, never to the attempt. Each is bounded: retries by --max-retries,
a renewed token and a repeated create by one, bodies by their number, the wait for a parent that
the same run created by a minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.apply import outcomes
from reconciler.apply.check import check
from reconciler.apply.confirm import (
    confirm,
    confirm_second_spelling,
    settle_conflict,
    settle_lost_write,
)
from reconciler.apply.read_back import search
from reconciler.apply.send import NOTHING_WRITTEN, Result, classify, send
from reconciler.apply.writing import Writing
from reconciler.errors import NotRepeatedError, ReconcilerError, ServiceError, ServiceRefusalError
from reconciler.model.graph import Answer
from reconciler.model.objects import Observed
from reconciler.model.plan import Outcome
from reconciler.model.reason import reason
from reconciler.network.retry import may_repeat

if TYPE_CHECKING:
    from reconciler.apply.run import Run

REQUESTS_PER_WRITE = 3
"""The check, the write and the read-back."""


async def write(writing: Writing, run: Run) -> Outcome:
    """The outcome of the change.

    Raises:
        AuthenticationError: there is no token, or Graph rejects a renewed one.
        JournalError: an attempt could not be recorded.
        StoppedError: the run must end.
    """
    while True:
        async with run.graph.permit(REQUESTS_PER_WRITE):
            if not writing.may_be_written:
                run.stop.refuse_new_writes()  # it may have waited long for the permit
            checked = await check(writing, run)
            if isinstance(checked, Outcome):
                return checked
            if checked is None and run.graph.paused:
                continue  # time will pass before the write may be sent
            result: Result = checked or await send(writing, run)
        was_sent = checked is None
        if await _waited_for_parent(writing, result, run):
            continue
        if (
            was_sent
            and isinstance(result, ServiceError)
            and await _may_repeat(writing, result, run)
        ):
            continue
        settled = await _settle(writing, result, run)
        if settled is not None:
            return settled


async def _waited_for_parent(writing: Writing, result: Result, run: Run) -> bool:
    """True after a pause, if Graph does not know yet the parent that this run created; False once
    it had a minute for it.
    """
    if writing.may_be_written or not writing.parent_lags(result) or not writing.parent_waits_s:
        return False
    await run.sleep(writing.parent_waits_s.pop(0))
    return True


async def _may_repeat(writing: Writing, error: ServiceError, run: Run) -> bool:
    """True if the write is to be sent again, after the wait that the error asks for.

    A create of unclear result is not: only a search can tell whether it was applied. Nor is a write
    whose answer exceeds the limit: so would the next one.
    """
    sending, verdict = writing.sending, classify(error)
    if sending is None:
        return False
    if verdict == "unauthorized" and isinstance(error, ServiceRefusalError):
        run.graph.renew_token(sending, error)
        return True
    if may_repeat(error, retry_unclear=not writing.is_create):
        return await sending.back_off.wait(error)
    sending.back_off.give_up(error)
    if isinstance(error, ServiceRefusalError) and error.status == 400 and writing.bodies[1:]:
        writing.first_refusal = error
        writing.next_body()
        return True
    return False


async def _settle(writing: Writing, result: Result, run: Run) -> Outcome | None:
    """The outcome, once no attempt is to be repeated at once; None to start again."""
    verdict = classify(result)
    if writing.accepted is not None:
        return await confirm_second_spelling(writing, result, verdict in NOTHING_WRITTEN, run)
    if not isinstance(result, Answer):
        result = _refusal(writing, result)
        if verdict in NOTHING_WRITTEN and not writing.may_be_written:
            return await _refused(writing, result, run)
    answered, lost = _object_in(writing, result)
    if writing.is_create and lost is not None:
        return await _find_lost_create(writing, lost, run)
    if lost is not None:
        return await settle_lost_write(writing, lost, run)
    if answered is not None and writing.is_create:
        writing.exists_as(answered.id)
    return await confirm(writing, answered, result.request_id, run)


async def _refused(writing: Writing, error: ServiceError | NotRepeatedError, run: Run) -> Outcome:
    """The outcome of a write that was not applied; for a conflict, a read-back has to show that."""
    if writing.is_delete and isinstance(error, ServiceRefusalError) and error.status == 409:
        return await settle_conflict(writing, error, run)
    return outcomes.refused(writing, error)


def _refusal(
    writing: Writing, error: ServiceError | NotRepeatedError
) -> ServiceError | NotRepeatedError:
    """The error to report: of two refused bodies the first one, because the second was a guess."""
    both = isinstance(error, ServiceRefusalError) and error.status == 400
    return writing.first_refusal if both and writing.first_refusal is not None else error


def _object_in(writing: Writing, result: Result) -> tuple[Observed | None, ReconcilerError | None]:
    """The object in the answer; or why the answer does not tell whether the write was applied."""
    if not isinstance(result, Answer):
        return None, result
    # The answer to a PUT does not show what only `$expand` shows: a foreign object is read back.
    if not writing.is_create and (not result.body or writing.kind.is_foreign):
        return None, None
    if not result.body:
        text = f"Graph answered the POST without the new {writing.kind.name}."
        return None, ServiceError(text, request_id=result.request_id)
    try:
        return writing.kind.observe(writing.change.parents, result.body), None
    except ServiceError as error:
        return None, error


async def _find_lost_create(writing: Writing, lost: ReconcilerError, run: Run) -> Outcome | None:
    """The outcome of a create that may have been applied; None to send it a second time, after a
    whole minute in which the object did not appear.
    """
    writing.lost.append(lost)
    candidate = await search(writing, run, lost)
    if isinstance(candidate, Outcome):
        return candidate
    if candidate is not None:
        writing.exists_as(candidate.id)
        note = reason("found_after_lost_create", id=candidate.id, error=str(lost))
        writing.notes.append(note)
        return await confirm(writing, candidate, outcomes.request_id_of(lost), run)
    if writing.repeated:
        return outcomes.not_found(writing, lost)
    writing.repeated = True
    writing.start_again()
    return None
