"""One change: check again, write it, read it back. Every way it can end is an `Outcome`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply.expectation import TIMEOUT_PATH, Expectation
from reconciler.apply.precondition import stale_because
from reconciler.diff.match import folded
from reconciler.diff.patch import patched
from reconciler.errors import GraphError, GraphRefusalError
from reconciler.graph.reading import get_extension, list_extensions
from reconciler.graph.writing import Written, create_extension, replace_extension
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.types import TIMEOUT, TIMEOUT_IN_DOCUMENTS

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

PATIENT_WAITS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)
"""Pauses before each read-back, two minutes in all: how long Graph may take to show what it wrote (contract §6.5)."""
SHORT_WAITS_S = PATIENT_WAITS_S[:4]
"""Where Graph's own answer already said that it did not keep what was sent."""

OTHER_NAME = f"Graph took the timeout as {TIMEOUT_IN_DOCUMENTS}, not as {TIMEOUT}"


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes single changes to one Graph; `sleep` is a parameter so that tests need not wait."""

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def carry_out(self, change: Change) -> Outcome:
        """What became of the change; failures of Graph become outcomes.

        Raises:
            AuthenticationError: Graph refuses the token for good.
        """
        try:
            return await (self._create(change) if change.action == "create" else self._update(change))
        except GraphError as error:
            return Outcome(change, "failed", error.request_id, f"{error}{_way_out(error)}")

    async def _create(self, change: Change) -> Outcome:
        catalog_id = str(change.catalog.id)
        before = await list_extensions(self.graph, catalog_id)
        stale = stale_because(change, before)
        if stale is not None:
            return Outcome(change, "failed", error=stale, stale=True)
        expected = Expectation(patched({}, change.fields))

        async def send(timeout_name: str) -> Written:
            kind, properties = change.extension.type, expected.properties
            return await create_extension(self.graph, catalog_id, kind, properties, timeout_name)

        try:
            written, timeout_name = await _under_either_name(send, expected)
        except GraphError as error:
            if _certainly_refused(error):
                raise
            return await self._find_lost(change, before, expected, error)
        if written.extension is None:
            empty = GraphError("Graph answered the POST without the new extension.", request_id=written.request_id)
            return await self._find_lost(change, before, expected, empty)
        return await self._confirm(_as_created(change, written.extension.id), expected, written, timeout_name)

    async def _update(self, change: Change) -> Outcome:
        catalog_id, extension_id = str(change.catalog.id), str(change.extension.id)
        live = await get_extension(self.graph, catalog_id, extension_id)
        stale = stale_because(change, [live] if live else [])
        if live is None or stale is not None:
            return Outcome(change, "failed", error=stale, stale=True)
        expected = Expectation(patched(live.properties, change.fields), former=live)

        async def send(timeout_name: str) -> Written:
            return await replace_extension(self.graph, catalog_id, change.extension, expected.properties, timeout_name)

        try:
            written, timeout_name = await _under_either_name(send, expected)
        except GraphError as error:
            if _certainly_refused(error):
                raise
            return await self._settle_lost_update(change, expected, error)
        return await self._confirm(change, expected, written, timeout_name)

    async def _confirm(self, change: Change, expected: Expectation, written: Written, timeout_name: str) -> Outcome:
        """Reads back until what was written shows; tries the other timeout name once when the timeout did not stick."""
        said = expected.missing(written.extension) if written.extension else ()
        lost_timeout = _holds_timeout(said)
        missing = said if lost_timeout else await self._read_back(change, expected, patient=not said)
        note = None if timeout_name == TIMEOUT else OTHER_NAME
        if timeout_name == TIMEOUT and _holds_timeout(missing):
            note, missing = await self._retry_under_other_name(change, expected)
        if not missing:
            return Outcome(change, "done", written.request_id, note=note)
        names = ", ".join("/".join(row.path) for row in missing)
        error = f"Graph took the request but did not keep {names}; what is live differs from what was sent"
        return Outcome(change, "failed", written.request_id, error, note)

    async def _retry_under_other_name(
        self, change: Change, expected: Expectation
    ) -> tuple[str, tuple[FieldChange, ...]]:
        """PUTs the same once more with the other timeout name; what to say of it, and what still does not show."""
        catalog_id = str(change.catalog.id)
        try:
            await replace_extension(self.graph, catalog_id, change.extension, expected.properties, TIMEOUT_IN_DOCUMENTS)
        except GraphError as error:
            note = f"the timeout did not stick as {TIMEOUT}; as {TIMEOUT_IN_DOCUMENTS}: {error}"
            return note, await self._read_back(change, expected, patient=False)
        return OTHER_NAME, await self._read_back(change, expected)

    async def _read_back(
        self, change: Change, expected: Expectation, *, patient: bool = True
    ) -> tuple[FieldChange, ...]:
        """What was sent and does not show after the last read."""
        catalog_id, extension_id = str(change.catalog.id), str(change.extension.id)
        missing: tuple[FieldChange, ...] = ()
        for wait_s in PATIENT_WAITS_S if patient else SHORT_WAITS_S:
            await self.sleep(wait_s)
            missing = expected.missing(await get_extension(self.graph, catalog_id, extension_id))
            if not missing:
                break
        return missing

    async def _find_lost(
        self, change: Change, before: Sequence[ObservedExtension], expected: Expectation, error: GraphError
    ) -> Outcome:
        """After a POST of unknown outcome: looks for the new extension and adopts it; never sends the POST again."""
        known = {extension.id for extension in before}
        name = folded(change.extension.display_name)
        for wait_s in PATIENT_WAITS_S:
            await self.sleep(wait_s)
            live = await list_extensions(self.graph, str(change.catalog.id))
            new = [item for item in live if item.id not in known and folded(item.display_name) == name]
            if len(new) == 1 and new[0].type == change.extension.type and not expected.missing(new[0]):
                note = f"the answer was lost ({error}); the extension was found as {new[0].id}"
                return Outcome(_as_created(change, new[0].id), "done", error.request_id, note=note)
        what = (
            f"{error} It may have been created nevertheless: look for “{change.extension.display_name}” in catalog "
            f"{change.catalog}, then plan again."
        )
        return Outcome(change, "unknown", error.request_id, what)

    async def _settle_lost_update(self, change: Change, expected: Expectation, error: GraphError) -> Outcome:
        """After a PUT of unknown outcome: done if what is live says so, else unknown."""
        if not await self._read_back(change, expected, patient=False):
            return Outcome(change, "done", error.request_id, note=f"the answer was lost ({error}), the write was not")
        what = f"{error} It may take effect yet: look at {change.extension.id}, then plan again."
        return Outcome(change, "unknown", error.request_id, what)


def _as_created(change: Change, extension_id: str) -> Change:
    """The change of a create with the id that Graph gave the extension."""
    return replace(change, extension=replace(change.extension, id=extension_id))


async def _under_either_name(send: Callable[[str], Awaitable[Written]], expected: Expectation) -> tuple[Written, str]:
    """What came of sending, and under which timeout name: the other one is tried once after a 400 (contract §1.5).

    Raises:
        GraphError: of the first attempt when both are answered 400, because the second name was a guess.
    """
    try:
        return await send(TIMEOUT), TIMEOUT
    except GraphRefusalError as first:
        if first.status != 400 or not expected.has_timeout:
            raise
        try:
            return await send(TIMEOUT_IN_DOCUMENTS), TIMEOUT_IN_DOCUMENTS
        except GraphRefusalError as second:
            raise (first if second.status == 400 else second) from None


def _holds_timeout(missing: Sequence[FieldChange]) -> bool:
    return any(row.path == TIMEOUT_PATH for row in missing)


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
