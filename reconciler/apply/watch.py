"""What stands beside the writes of one change, and therefore knows whether any of them may have been carried out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.apply.journal import Record
from reconciler.apply.stop import Stop
from reconciler.errors import (
    GraphError,
    GraphRefusalError,
    GraphUnansweredError,
    OvertakenError,
    ReconcilerError,
    StoppedError,
)
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, Outcome

if TYPE_CHECKING:
    from reconciler.graph.client import Sending
    from reconciler.graph.exchange import Answer


Look = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    """Before a first write there is nothing to look at."""


class Watch:
    """The witness of one change's writes (`graph.client.Witness`): lets none leave once the run is to end, has each
    attempt recorded before and after, and words the outcomes that depend on what has left.

    `look` is asked whenever time has passed before a write; what it raises keeps the write back. `seen` is what the
    last look after a write showed, and `seen_s` when.
    """

    def __init__(self, change: Change, stop: Stop, record: Record) -> None:
        self.change = change
        self.look: Look = _nothing
        self.seen: Sequence[ObservedExtension] = ()
        self.seen_s = 0.0
        self.may_be_written = False
        self._written_before = False
        self._stop = stop
        self._record = record
        self._request_id: str | None = None

    async def look_again(self) -> None:
        """Looks at what is live.

        Raises:
            GraphError: it could not be read; never as a refusal, which would be taken for one of the write.
            OvertakenError: it is not as it should be.
        """
        try:
            await self.look()
        except GraphError as error:
            text = f"Looking again before the write failed: {error}"
            raise GraphError(text, request_id=error.request_id) from error

    def before_sending(self, sending: Sending) -> None:
        """Records what is about to leave."""
        self._refuse_after_stop()
        self._record("sending", **self._attempt(sending), body=json.loads(sending.body))
        self._written_before, self.may_be_written = self.may_be_written, True

    def after_sending(self, sending: Sending, result: Answer | ReconcilerError) -> None:
        """Records what came of it."""
        error = result if isinstance(result, ReconcilerError) else None
        if error is not None and not _may_hide_success(error):
            self.may_be_written = self._written_before
        request_id = getattr(result, "request_id", None)
        self._request_id = request_id or self._request_id
        self._record("answered", **self._attempt(sending), request_id=request_id, error=error and str(error))

    def unknown(self, doubt: str, request_id: str | None = None) -> Outcome:
        """The outcome when nobody can tell whether the change was carried out, with what to look at."""
        extension, catalog = self.change.extension, self.change.catalog
        look_at = extension.id or f"“{extension.display_name}” in catalog {catalog}"
        what = f"{doubt} Whether it is live as declared cannot be told: look at {look_at}, then plan again."
        return Outcome(self.change, "unknown", request_id or self._request_id, what)

    def interrupted(self) -> Outcome:
        """The outcome when the run was ended before the change was."""
        if self.may_be_written:
            return self.unknown("The run was ended before it could be confirmed.")
        return Outcome(self.change, "skipped", error=self._stop.because)

    def overtaken(self, overtaken: OvertakenError) -> Outcome:
        """The outcome when somebody else was quicker."""
        if self.may_be_written:
            return self.unknown(f"While the write was repeated: {overtaken}.")
        return Outcome(self.change, "failed", error=str(overtaken), stale=True)

    def failed(self, error: ReconcilerError, way_out: str = "") -> Outcome:
        """The outcome of an error: the change failed for certain only if nothing may have been written."""
        request_id = getattr(error, "request_id", None)
        if self.may_be_written:
            return self.unknown(str(error), request_id)
        return Outcome(self.change, "failed", request_id, f"{error}{way_out}")

    def _refuse_after_stop(self) -> None:
        if self._stop.because is not None:
            raise StoppedError(self._stop.because)

    def _attempt(self, sending: Sending) -> dict[str, Any]:
        """Which change, and which attempt at it, a line of the record is about."""
        return described(self.change) | {
            "method": sending.method,
            "path": sending.path,
            "client_request_id": sending.client_request_id,
        }


def described(change: Change) -> dict[str, Any]:
    """The change in the record: what is to be done, to which extension of which catalog."""
    return {"action": change.action, "catalog": asdict(change.catalog), "extension": asdict(change.extension)}


def _may_hide_success(error: ReconcilerError) -> bool:
    """False when nothing was written: it never left, or was refused other than by a conflict (docs/graph.md §5.3)."""
    if isinstance(error, GraphRefusalError):
        return not error.certain
    if isinstance(error, GraphUnansweredError):
        return not error.never_left
    return isinstance(error, GraphError)
