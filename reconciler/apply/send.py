"""One attempt of a write, recorded before and after, and what its result means."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from reconciler.apply.writing import Writing
from reconciler.errors import (
    AuthenticationError,
    NotRepeatedError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.model.graph import Answer
from reconciler.model.kind import Kind
from reconciler.model.plan import Change
from reconciler.model.reason import reason

if TYPE_CHECKING:
    from reconciler.apply.run import Run
    from reconciler.graph.client import Sending

Verdict = Literal["accepted", "throttled", "unauthorized", "refused", "not_sent", "unclear"]
NOTHING_WRITTEN: tuple[Verdict, ...] = ("throttled", "unauthorized", "refused", "not_sent")


Result: TypeAlias = "Answer | ServiceError | NotRepeatedError"


async def send(writing: Writing, run: Run) -> Answer | ServiceError:
    """The result of one attempt: an error of Graph or of the network is a result too.

    Raises:
        StoppedError: the run must end; nothing was sent.
        JournalError: the attempt, or its result, could not be recorded.
        AuthenticationError: there is no longer a token; nothing was sent.
    """
    run.stop.refuse_new_writes()
    if writing.sending is None:
        writing.sending = run.graph.sending(writing.request(run.graph))
        writing.spellings.append(writing.bodies[0].spelling)
    sending = writing.sending
    run.record("sending", **_attempt(writing.change, sending), body=_body(sending, writing.kind))
    was_written, writing.may_be_written = writing.may_be_written, True
    try:
        result = await run.graph.attempt(sending)
    except AuthenticationError as error:  # the token expired during the check
        writing.may_be_written = was_written
        _record_answer(writing, sending, error, "not_sent", run)
        raise
    if classify(result) in NOTHING_WRITTEN:
        writing.may_be_written = was_written
    writing.request_id = result.request_id or writing.request_id
    _record_answer(writing, sending, result, classify(result), run)
    if writing.is_delete and isinstance(result, ServiceRefusalError) and result.status == 404:
        writing.notes.append(reason("already_gone"))
        return Answer({}, result.request_id, 0)
    writing.delete_accepted = writing.is_delete and isinstance(result, Answer)
    return result


def _body(sending: Sending, kind: Kind) -> Any:
    """The body as the journal keeps it: of a foreign object only the members that are ours, and a
    hash of the whole: the rest can name people.
    """
    body = json.loads(sending.body) if sending.body else None
    if body is None or not kind.is_foreign:
        return body
    ours = {path[0]: body[path[0]] for path in kind.fields.members if path[0] in body}
    return {**ours, "sha256": hashlib.sha256(sending.body).hexdigest()}


def classify(result: Result) -> Verdict:
    """What the result of an attempt means for the object.

    Refused is a status from 400 to 499, but neither a time-out nor a conflict
    (docs/graph.md §5.3); those, every other status and a lost or unreadable answer are unclear.
    """
    if isinstance(result, Answer):
        return "accepted"
    if isinstance(result, ServiceRefusalError) and result.certain:
        known: dict[int, Verdict] = {401: "unauthorized", 429: "throttled"}
        return known.get(result.status, "refused")
    if isinstance(result, NotRepeatedError):
        return "unclear" if result.may_be_applied else "refused"
    if isinstance(result, ServiceUnansweredError) and result.not_sent:
        return "not_sent"
    return "unclear"


def _record_answer(
    writing: Writing,
    sending: Sending,
    result: Answer | ServiceError | AuthenticationError,
    verdict: Verdict,
    run: Run,
) -> None:
    members = _attempt(writing.change, sending) | {
        "verdict": verdict,
        "request_id": result.request_id,
        "error": None if isinstance(result, Answer) else str(result),
    }
    run.record("answered", **members)


def _attempt(change: Change, sending: Sending) -> dict[str, Any]:
    """The members of a journal line that identify the change and the attempt."""
    return described(change) | {
        "method": sending.method,
        "path": sending.path,
        "client_request_id": sending.client_request_id,
    }


def described(change: Change) -> dict[str, Any]:
    """The members of a journal line that identify the change: kind, action, parents, object."""
    return {
        "kind": change.kind,
        "action": change.action,
        "parents": [
            {"kind": parent.kind, "id": parent.id, "display_name": parent.display_name}
            for parent in change.parents
        ],
        "object": {
            "id": change.object.id,
            "display_name": change.object.display_name,
            "type": change.object.type,
        },
    }
