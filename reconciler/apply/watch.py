"""The writes of one change: records each attempt, and knows whether any of them may have been
applied.
"""

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
    ReconcilerError,
    StaleChangeError,
    StoppedError,
)
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, Outcome

if TYPE_CHECKING:
    from reconciler.graph.client import Sending
    from reconciler.graph.exchange import Answer


Check = Callable[[], Awaitable[None]]


async def _no_check() -> None:
    """Before the first write of a change there is nothing to check."""


class Watch:
    """Guards the writes of one change (`graph.client.WriteGuard`) and words the outcomes that
    depend on what was sent.

    No attempt is sent after the run was stopped; each attempt is recorded before and after. `check`
    runs whenever time has passed before a write; if it raises, the write is not sent. `observed` is
    the last read-back, at `observed_at_s`.
    """

    def __init__(self, change: Change, stop: Stop, record: Record) -> None:
        self.change = change
        self.check: Check = _no_check
        self.observed: Sequence[ObservedExtension] = ()
        self.observed_at_s = 0.0
        self.may_be_written = False
        self._may_have_been_before = False
        self._stop = stop
        self._record = record
        self._request_id: str | None = None

    async def pre_check(self) -> None:
        """Reads again what the change depends on.

        Raises:
            GraphError: the read failed; never a `GraphRefusalError`, which would count as a refusal
                of the write.
            StaleChangeError: the change no longer matches what was observed.
        """
        try:
            await self.check()
        except GraphError as error:
            text = f"The pre-check before the write failed: {error}"
            raise GraphError(text, request_id=error.request_id) from error

    def before_sending(self, sending: Sending) -> None:
        """Records the attempt that is about to be sent."""
        self._refuse_after_stop()
        self._record("sending", **self._attempt(sending), body=json.loads(sending.body))
        self._may_have_been_before, self.may_be_written = self.may_be_written, True

    def after_sending(self, sending: Sending, result: Answer | ReconcilerError) -> None:
        """Records the answer or the error of the attempt."""
        error = result if isinstance(result, ReconcilerError) else None
        if error is not None and not _may_be_applied(error):
            self.may_be_written = self._may_have_been_before
        request_id = getattr(result, "request_id", None)
        self._request_id = request_id or self._request_id
        self._record(
            "answered", **self._attempt(sending), request_id=request_id, error=error and str(error)
        )

    def unknown(self, doubt: str, request_id: str | None = None) -> Outcome:
        """The outcome of a change that may have been applied, with the object to check."""
        extension, catalog = self.change.extension, self.change.catalog
        to_check = extension.id or f'"{extension.display_name}" in catalog {catalog}'
        what = (
            f"{doubt} Could not verify the result. Check {to_check} in the admin center, then run"
            " plan."
        )
        return Outcome(self.change, "unknown", request_id or self._request_id, what)

    def interrupted(self) -> Outcome:
        """The outcome of a change that the end of the run interrupted."""
        if self.may_be_written:
            return self.unknown("The run was interrupted before this change was confirmed.")
        return Outcome(self.change, "skipped", error=self._stop.because)

    def stale(self, stale: StaleChangeError) -> Outcome:
        """The outcome of a change that no longer matches what was observed right before a write."""
        if self.may_be_written:
            return self.unknown(f"Before the retry: {stale}.")
        return Outcome(
            self.change, "failed", error=f"{stale}; nothing was written, run plan again", stale=True
        )

    def failed(self, error: ReconcilerError, hint: str = "") -> Outcome:
        """The outcome of an error: the change counts as failed only if nothing can have been
        written.
        """
        request_id = getattr(error, "request_id", None)
        if self.may_be_written:
            return self.unknown(str(error), request_id)
        return Outcome(self.change, "failed", request_id, f"{error}{hint}")

    def _refuse_after_stop(self) -> None:
        if self._stop.because is not None:
            raise StoppedError(self._stop.because)

    def _attempt(self, sending: Sending) -> dict[str, Any]:
        """The members of a journal line that identify the change and the attempt."""
        return described(self.change) | {
            "method": sending.method,
            "path": sending.path,
            "client_request_id": sending.client_request_id,
        }


def described(change: Change) -> dict[str, Any]:
    """The members of a journal line that identify the change: action, catalog and extension."""
    return {
        "action": change.action,
        "catalog": asdict(change.catalog),
        "extension": asdict(change.extension),
    }


def _may_be_applied(error: ReconcilerError) -> bool:
    """False if the write was not sent, or refused with a status other than a conflict
    (docs/graph.md §5.3).
    """
    if isinstance(error, GraphRefusalError):
        return not error.certain
    if isinstance(error, GraphUnansweredError):
        return not error.not_sent
    return isinstance(error, GraphError)
