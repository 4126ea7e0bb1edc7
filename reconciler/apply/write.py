"""One change: pre-check, write, confirm. Every result is an `Outcome`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.apply.confirm import Confirmer, accepted_as, read_current, with_id
from reconciler.apply.expectation import TIMEOUT_PATH, Expectation
from reconciler.apply.journal import Record, ignored
from reconciler.apply.precondition import stale_because
from reconciler.apply.stop import Stop
from reconciler.apply.watch import Watch, described
from reconciler.diff.patch import patched
from reconciler.errors import (
    AuthenticationError,
    GraphError,
    GraphRefusalError,
    JournalError,
    StaleChangeError,
    StoppedError,
)
from reconciler.graph.client import MAX_CHECK_AGE_S
from reconciler.graph.writing import Written, create_extension, replace_extension
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME, TIMEOUT

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Send = Callable[[str], Awaitable[Written]]

TOKEN_REJECTED = "the access token was rejected earlier in this run"  # noqa: S105 - a sentence, not a token
JOURNAL_FAILED = "the journal could not be written earlier in this run"

MAX_REPEATED_CREATES = 1
"""How often a POST is repeated after its answer was lost and a whole minute of polls did not show
the extension.
"""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes single changes to one Graph; `sleep` is a parameter so that tests need not wait.

    `stop` may prevent a write until the moment it is sent; `record` is called before and after
    every write. `last_read_back` holds, by catalog id, the time and the result of the read-back of
    the catalog's last change if that was a create: the next create uses it as its own pre-check if
    it is recent enough.
    """

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop: Stop = field(default_factory=Stop)
    record: Record = ignored
    last_read_back: dict[str, tuple[float, Sequence[ObservedExtension]]] = field(
        default_factory=dict
    )

    async def apply(self, change: Change) -> Outcome:
        """The outcome of the change; errors of Graph and of the journal, and signals, become
        outcomes too.
        """
        watch = Watch(change, self.stop, self.record)
        read_at_s, read_back = self.last_read_back.pop(str(change.catalog.id), (0.0, ()))
        if self.graph.elapsed_s() - read_at_s > MAX_CHECK_AGE_S:
            read_back = ()
        try:
            async with self.stop.bounded():
                if change.action != "create":
                    return await self._update(change, watch)
                outcome = await self._create(change, watch, read_back)
                if outcome.status == "done":
                    self.last_read_back[str(change.catalog.id)] = (
                        watch.observed_at_s,
                        watch.observed,
                    )
                return outcome
        except (StoppedError, TimeoutError):
            return watch.interrupted()
        except StaleChangeError as stale:
            return watch.stale(stale)
        except (AuthenticationError, JournalError) as error:
            rejected = isinstance(error, AuthenticationError)
            self.stop.give_up(TOKEN_REJECTED if rejected else JOURNAL_FAILED, error)
            return watch.failed(error)
        except GraphError as error:
            hint = error.hint if isinstance(error, GraphRefusalError) else None
            return watch.failed(error, f" {hint}" if hint else "")

    def record_outcome(self, outcome: Outcome) -> None:
        """Records the outcome of a change; the run ends if that is impossible."""
        try:
            self.record("outcome", **described(outcome.change), **_result(outcome))
        except JournalError as error:
            self.stop.give_up(JOURNAL_FAILED, error)

    async def _create(
        self, change: Change, watch: Watch, read_back: Sequence[ObservedExtension]
    ) -> Outcome:
        before = read_back or await read_current(self.graph, change)
        _refuse_if_stale(change, before)
        expected = Expectation(patched({}, change.fields))

        async def pre_check() -> None:
            """The name must still be free."""
            _refuse_if_stale(change, await read_current(self.graph, change))

        async def send(timeout_name: str) -> Written:
            """POSTs the extension."""
            catalog_id, kind = str(change.catalog.id), change.extension.type
            return await create_extension(
                self.graph, catalog_id, kind, expected.properties, timeout_name, watch
            )

        watch.check = pre_check
        for _ in range(1 + MAX_REPEATED_CREATES):
            try:
                written, untried_name = await _under_either_name(send, watch, expected, TIMEOUT)
            except (GraphError, StaleChangeError) as error:
                if not watch.may_be_written:
                    raise
                lost = (
                    error
                    if isinstance(error, GraphError)
                    else GraphError(f"Before the retry: {error}.")
                )
            else:
                if written.extension is not None:
                    created = with_id(change, written.extension.id)
                    outcome = await self._confirmer.confirm(
                        created, expected, written, untried_name, watch
                    )
                    return _noted(outcome, untried_name, expected, TIMEOUT)
                lost = GraphError(
                    "Graph answered the POST without the new extension.",
                    request_id=written.request_id,
                )
            created_before = await self._confirmer.find_lost(change, before, expected, lost)
            if created_before is not None:
                return await self._adopt(created_before, change, expected, lost, watch)
        doubt = f"{lost} The create was sent twice and the extension never appeared in the catalog."
        return watch.unknown(doubt, lost.request_id)

    async def _adopt(
        self,
        extension: ObservedExtension,
        change: Change,
        expected: Expectation,
        lost: GraphError,
        watch: Watch,
    ) -> Outcome:
        """The outcome of a create whose answer was lost, and whose extension a poll has found."""
        created, written = with_id(change, extension.id), Written(extension, lost.request_id)
        other_name = OTHER_TIMEOUT_NAME[TIMEOUT]
        outcome = await self._confirmer.confirm(created, expected, written, other_name, watch)
        note = (
            f"no usable answer to the create ({lost}); the extension was found in the catalog with"
            f" id {extension.id}"
        )
        return replace(outcome, note=f"{note}; {outcome.note}" if outcome.note else note)

    async def _update(self, change: Change, watch: Watch) -> Outcome:
        live = await read_current(self.graph, change)
        _refuse_if_stale(change, live)
        former = next(extension for extension in live if extension.id == change.extension.id)
        expected = Expectation(patched(former.properties, change.fields), former=former)
        # A timeout that the change does not touch is sent under the name that Graph used for it.
        declared = any(row.path[:1] == TIMEOUT_PATH[:1] for row in change.fields)
        first_name = TIMEOUT if declared else former.timeout_name

        async def pre_check() -> None:
            """The extension must still be as planned, unless an earlier attempt was applied."""
            current = await read_current(self.graph, change)
            own = next(
                (extension for extension in current if extension.id == change.extension.id), None
            )
            if watch.may_be_written and own is not None and not expected.missing(own):
                raise StaleChangeError(
                    "An earlier attempt of the same write was applied.", applied=True
                )
            _refuse_if_stale(change, current)

        async def send(timeout_name: str) -> Written:
            """PUTs the whole extension."""
            catalog_id, properties = str(change.catalog.id), expected.properties
            return await replace_extension(
                self.graph, catalog_id, change.extension, properties, timeout_name, watch
            )

        watch.check = pre_check
        try:
            written, untried_name = await _under_either_name(send, watch, expected, first_name)
        except StaleChangeError as stale:
            if not stale.applied:
                raise
            return await self._confirmer.settle_lost_update(
                change, expected, GraphError(str(stale)), watch
            )
        except GraphError as error:
            if not watch.may_be_written:
                raise
            return await self._confirmer.settle_lost_update(change, expected, error, watch)
        outcome = await self._confirmer.confirm(change, expected, written, untried_name, watch)
        return _noted(outcome, untried_name, expected, first_name)

    @property
    def _confirmer(self) -> Confirmer:
        return Confirmer(self.graph, self.sleep)


async def _under_either_name(
    send: Send, watch: Watch, expected: Expectation, first_name: str
) -> tuple[Written, str | None]:
    """The result of sending, and the timeout name that is still untried;
    after a 400 the other is tried once (docs/graph.md §2.4).

    Raises:
        GraphError: of the first attempt if both are answered 400, because the second name was a
            guess.
    """
    other_name = OTHER_TIMEOUT_NAME[first_name]
    try:
        return await send(first_name), other_name
    except GraphRefusalError as first:
        if first.status != 400 or not expected.has_timeout:
            raise
        await watch.pre_check()
        try:
            return await send(other_name), None
        except GraphRefusalError as second:
            raise (first if second.status == 400 else second) from None


def _noted(
    outcome: Outcome, untried_name: str | None, expected: Expectation, first_name: str
) -> Outcome:
    """The outcome, with a note if Graph accepted only the second timeout name."""
    if untried_name is not None or not expected.has_timeout or outcome.status != "done":
        return outcome
    return replace(outcome, note=accepted_as(OTHER_TIMEOUT_NAME[first_name]))


def _refuse_if_stale(change: Change, live: Sequence[ObservedExtension]) -> None:
    reason = stale_because(change, live)
    if reason is not None:
        raise StaleChangeError(reason)


def _result(outcome: Outcome) -> dict[str, str | None]:
    return {
        "status": outcome.status,
        "request_id": outcome.request_id,
        "error": outcome.error,
        "note": outcome.note,
    }
