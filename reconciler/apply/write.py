"""One change: check again, write it, have it confirmed. Every way it can end is an `Outcome`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply.confirm import Confirmer, took, with_id
from reconciler.apply.expectation import TIMEOUT_PATH, Expectation
from reconciler.apply.precondition import stale_because
from reconciler.diff.patch import patched
from reconciler.errors import GraphError, GraphRefusalError, OvertakenError
from reconciler.graph.reading import get_extension, list_extensions
from reconciler.graph.writing import Written, create_extension, replace_extension
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME, TIMEOUT

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Send = Callable[[str], Awaitable[Written]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes single changes to one Graph; `sleep` is a parameter so that tests need not wait."""

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def carry_out(self, change: Change) -> Outcome:
        """What became of the change; failures of Graph become outcomes.

        Raises:
            AuthenticationError: Graph refuses the token for good, and nothing was written.
        """
        try:
            return await (self._create(change) if change.action == "create" else self._update(change))
        except OvertakenError as overtaken:
            return _overtaken(change, overtaken)
        except GraphError as error:
            return Outcome(change, "failed", error.request_id, f"{error}{_way_out(error)}")

    async def _create(self, change: Change) -> Outcome:
        before = await self._live(change)
        _refuse_if_stale(change, before)
        expected = Expectation(patched({}, change.fields))

        async def recheck() -> None:
            """Asked before the POST goes out a second time."""
            _refuse_if_stale(change, await self._live(change))

        async def send(timeout_name: str) -> Written:
            """POSTs the extension."""
            catalog_id, kind = str(change.catalog.id), change.extension.type
            return await create_extension(self.graph, catalog_id, kind, expected.properties, timeout_name, recheck)

        try:
            written, untried_name = await _under_either_name(send, expected, TIMEOUT)
        except GraphError as error:
            if _certainly_refused(error):
                raise
            return await self._confirmer.find_lost(change, before, expected, error)
        if written.extension is None:
            empty = GraphError("Graph answered the POST without the new extension.", request_id=written.request_id)
            return await self._confirmer.find_lost(change, before, expected, empty)
        created = with_id(change, written.extension.id)
        return _noted(
            await self._confirmer.confirm(created, expected, written, untried_name), untried_name, expected, TIMEOUT
        )

    async def _update(self, change: Change) -> Outcome:
        live = await self._live(change)
        _refuse_if_stale(change, live)
        former = next(item for item in live if item.id == change.extension.id)
        expected = Expectation(patched(former.properties, change.fields), former=former)
        # A timeout that is only carried along goes back under the name it came with.
        declared = any(row.path[:1] == TIMEOUT_PATH[:1] for row in change.fields)
        first_name = TIMEOUT if declared else former.timeout_name

        async def recheck() -> None:
            """Asked before the PUT goes out a second time: an earlier attempt may have been carried out."""
            again = await self._live(change)
            own = next((item for item in again if item.id == change.extension.id), None)
            if own is not None and not expected.missing(own):
                raise OvertakenError("an earlier attempt of the same write was carried out", done=True)
            stale = stale_because(change, again)
            if stale is not None:
                raise OvertakenError(stale, in_doubt=True)

        async def send(timeout_name: str) -> Written:
            """PUTs the whole extension."""
            catalog_id, properties = str(change.catalog.id), expected.properties
            return await replace_extension(self.graph, catalog_id, change.extension, properties, timeout_name, recheck)

        try:
            written, untried_name = await _under_either_name(send, expected, first_name)
        except GraphError as error:
            if _certainly_refused(error):
                raise
            return await self._confirmer.settle_lost_update(change, expected, error)
        return _noted(
            await self._confirmer.confirm(change, expected, written, untried_name), untried_name, expected, first_name
        )

    @property
    def _confirmer(self) -> Confirmer:
        return Confirmer(self.graph, self.sleep)

    async def _live(self, change: Change) -> Sequence[ObservedExtension]:
        """What the precondition of the change is about: its object, or the whole catalog where a name must be free."""
        catalog_id = str(change.catalog.id)
        if change.action in ("create", "rename"):
            return await list_extensions(self.graph, catalog_id)
        found = await get_extension(self.graph, catalog_id, str(change.extension.id))
        return [found] if found else []


async def _under_either_name(send: Send, expected: Expectation, first_name: str) -> tuple[Written, str | None]:
    """What came of sending, and the timeout name that is still untried: it is tried here once after a 400 (§1.5).

    Raises:
        GraphError: of the first attempt when both are answered 400, because the second name was a guess.
    """
    other_name = OTHER_TIMEOUT_NAME[first_name]
    try:
        return await send(first_name), other_name
    except GraphRefusalError as first:
        if first.status != 400 or not expected.has_timeout:
            raise
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


def _overtaken(change: Change, overtaken: OvertakenError) -> Outcome:
    if overtaken.done:
        return Outcome(change, "done", note=str(overtaken))
    if overtaken.in_doubt:
        what = f"{overtaken} while the write was repeated; look at {change.extension.id}, then plan again"
        return Outcome(change, "unknown", error=what)
    return Outcome(change, "failed", error=str(overtaken), stale=True)


def _certainly_refused(error: GraphError) -> bool:
    """True when nothing was written: a 4xx other than a conflict, which can hide a success (contract §6.3)."""
    return isinstance(error, GraphRefusalError) and 400 <= error.status < 500 and error.status not in (408, 409)


def _way_out(error: GraphError) -> str:
    """What helps where Graph refuses a write (contract §2.4, §3)."""
    if not isinstance(error, GraphRefusalError):
        return ""
    if error.code == "UnauthorizedClientAppOnBehalfOfUnsupported":
        return " An application must declare endpointConfiguration/url (without sig, sp, sv)."
    if error.status == 403:
        return (
            " Writing needs EntitlementManagement.ReadWrite.All or the role Catalog owner on this catalog; "
            "a signed-in user also needs Logic App Contributor on the Logic App."
        )
    return ""
