"""One change: check again, write it, have it confirmed. Every way it can end is an `Outcome`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.apply.confirm import Confirmer, look, took, with_id
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
    OvertakenError,
    StoppedError,
)
from reconciler.graph.client import SHORT_WAIT_S
from reconciler.graph.writing import Written, create_extension, replace_extension
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME, TIMEOUT

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Send = Callable[[str], Awaitable[Written]]

CREATED_AGAIN = 1
"""How often a POST whose answer was lost, and whose extension did not show in the whole window, is sent anew."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes single changes to one Graph; `sleep` is a parameter so that tests need not wait.

    `stop` may keep a write back at any moment before it leaves; `record` hears of every write before and after.
    `just_seen` holds, by catalog id, the whole catalog as its last change was confirmed, if that was a create, and when
    that was: the next change takes it for its own look before the write, unless time has passed meanwhile.
    """

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop: Stop = field(default_factory=Stop)
    record: Record = ignored
    just_seen: dict[str, tuple[float, Sequence[ObservedExtension]]] = field(default_factory=dict)

    async def carry_out(self, change: Change) -> Outcome:
        """What became of the change; every failure of Graph, of the record, or by a signal is an outcome."""
        watch = Watch(change, self.stop, self.record)
        seen_s, just_seen = self.just_seen.pop(str(change.catalog.id), (0.0, ()))
        if self.graph.elapsed_s() - seen_s > SHORT_WAIT_S:
            just_seen = ()
        try:
            async with self.stop.bounded():
                if change.action != "create":
                    return await self._update(change, watch)
                outcome = await self._create(change, watch, just_seen)
                if outcome.status == "done":
                    self.just_seen[str(change.catalog.id)] = watch.seen_s, watch.seen
                return outcome
        except (StoppedError, TimeoutError):
            return watch.interrupted()
        except OvertakenError as overtaken:
            return watch.overtaken(overtaken)
        except (AuthenticationError, JournalError) as error:
            before = "Graph had refused the token" if isinstance(error, AuthenticationError) else "the journal failed"
            self.stop.give_up(f"{before} before it", error)
            return watch.failed(error)
        except GraphError as error:
            way_out = error.hint if isinstance(error, GraphRefusalError) else None
            return watch.failed(error, f" {way_out}" if way_out else "")

    def note(self, outcome: Outcome) -> None:
        """Records what came of a change in the end; the run is to end where that cannot be recorded."""
        try:
            self.record("outcome", **described(outcome.change), **_verdict(outcome))
        except JournalError as error:
            self.stop.give_up("the journal failed before it", error)

    async def _create(self, change: Change, watch: Watch, just_seen: Sequence[ObservedExtension]) -> Outcome:
        before = just_seen or await look(self.graph, change)
        _refuse_if_stale(change, before)
        expected = Expectation(patched({}, change.fields))

        async def look_again() -> None:
            """The name must still be free."""
            _refuse_if_stale(change, await look(self.graph, change))

        async def send(timeout_name: str) -> Written:
            """POSTs the extension."""
            catalog_id, kind = str(change.catalog.id), change.extension.type
            return await create_extension(self.graph, catalog_id, kind, expected.properties, timeout_name, watch)

        watch.look = look_again
        for _ in range(1 + CREATED_AGAIN):
            try:
                written, untried_name = await _under_either_name(send, watch, expected, TIMEOUT)
            except (GraphError, OvertakenError) as error:
                if not watch.may_be_written:
                    raise
                lost = error if isinstance(error, GraphError) else GraphError(f"While it was repeated: {error}.")
            else:
                if written.extension is not None:
                    created = with_id(change, written.extension.id)
                    outcome = await self._confirmer.confirm(created, expected, written, untried_name, watch)
                    return _noted(outcome, untried_name, expected, TIMEOUT)
                lost = GraphError("Graph answered the POST without the new extension.", request_id=written.request_id)
            found = await self._confirmer.find_lost(change, before, expected, lost)
            if found is not None:
                return await self._adopt(found, change, expected, lost, watch)
        return watch.unknown(f"{lost} It was sent {1 + CREATED_AGAIN} times and did not show.", lost.request_id)

    async def _adopt(
        self, found: ObservedExtension, change: Change, expected: Expectation, lost: GraphError, watch: Watch
    ) -> Outcome:
        """The outcome of a create whose answer was lost, and whose extension was found."""
        created, written = with_id(change, found.id), Written(found, lost.request_id)
        other_name = OTHER_TIMEOUT_NAME[TIMEOUT]
        outcome = await self._confirmer.confirm(created, expected, written, other_name, watch)
        note = f"the answer was lost ({lost}); the extension was found as {found.id}"
        return replace(outcome, note=f"{note}; {outcome.note}" if outcome.note else note)

    async def _update(self, change: Change, watch: Watch) -> Outcome:
        live = await look(self.graph, change)
        _refuse_if_stale(change, live)
        former = next(item for item in live if item.id == change.extension.id)
        expected = Expectation(patched(former.properties, change.fields), former=former)
        # A timeout that is only carried along goes back under the name it came with.
        declared = any(row.path[:1] == TIMEOUT_PATH[:1] for row in change.fields)
        first_name = TIMEOUT if declared else former.timeout_name

        async def look_again() -> None:
            """What is live must still be as planned, unless an earlier attempt was carried out."""
            again = await look(self.graph, change)
            own = next((item for item in again if item.id == change.extension.id), None)
            if watch.may_be_written and own is not None and not expected.missing(own):
                raise OvertakenError("An earlier attempt of the same write was carried out.", done=True)
            _refuse_if_stale(change, again)

        async def send(timeout_name: str) -> Written:
            """PUTs the whole extension."""
            catalog_id, properties = str(change.catalog.id), expected.properties
            return await replace_extension(self.graph, catalog_id, change.extension, properties, timeout_name, watch)

        watch.look = look_again
        try:
            written, untried_name = await _under_either_name(send, watch, expected, first_name)
        except OvertakenError as overtaken:
            if not overtaken.done:
                raise
            return await self._confirmer.settle_lost_update(change, expected, GraphError(str(overtaken)), watch)
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
    """What came of sending, and the timeout name that is still untried: it is tried here once after a 400
    (docs/graph.md §2.4).

    Raises:
        GraphError: of the first attempt when both are answered 400, because the second name was a guess.
    """
    other_name = OTHER_TIMEOUT_NAME[first_name]
    try:
        return await send(first_name), other_name
    except GraphRefusalError as first:
        if first.status != 400 or not expected.has_timeout:
            raise
        await watch.look_again()
        try:
            return await send(other_name), None
        except GraphRefusalError as second:
            raise (first if second.status == 400 else second) from None


def _noted(outcome: Outcome, untried_name: str | None, expected: Expectation, first_name: str) -> Outcome:
    """The outcome, telling that the second timeout name was needed where it was."""
    if untried_name is not None or not expected.has_timeout or outcome.status != "done":
        return outcome
    return replace(outcome, note=took(OTHER_TIMEOUT_NAME[first_name]))


def _refuse_if_stale(change: Change, live: Sequence[ObservedExtension]) -> None:
    stale = stale_because(change, live)
    if stale is not None:
        raise OvertakenError(stale)


def _verdict(outcome: Outcome) -> dict[str, str | None]:
    return {
        "status": outcome.status,
        "request_id": outcome.request_id,
        "error": outcome.error,
        "note": outcome.note,
    }
