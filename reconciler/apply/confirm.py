"""What became of a write that was sent: read back until it shows, or until it is clear that it cannot be told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply.expectation import Expectation
from reconciler.errors import AuthenticationError, GraphError, OvertakenError
from reconciler.graph.reading import get_extension, list_extensions
from reconciler.graph.writing import Written, replace_extension
from reconciler.model.canonical import folded
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

PATIENT_WAITS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Pauses before each read-back, half a minute in all: how long Graph may take to show what it wrote (contract §6.5)."""
SHORT_WAITS_S = PATIENT_WAITS_S[:4]
"""Where Graph's own answer already said that it did not keep what was sent."""


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Reads one Graph back; `sleep` is a parameter so that tests need not wait."""

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def confirm(
        self, change: Change, expected: Expectation, written: Written, untried_name: str | None
    ) -> Outcome:
        """The outcome of a write that Graph answered with success.

        Where the timeout alone does not show, and Graph's answer did not show it either, it is sent once more under the
        name not tried yet (contract §1.5).
        """
        said = expected.missing(written.extension) if written.extension else None
        try:
            live, missing = await self._read_back(change, expected, patient=not said)
            note = None
            if untried_name and said != () and expected.has_timeout and expected.lost_only_the_timeout(missing):
                note, live, missing = await self._send_under(untried_name, change, expected)
        except (GraphError, AuthenticationError) as error:
            what = f"it was written as {change.extension.id}, but reading it back failed: {error}"
            return Outcome(change, "unknown", written.request_id, what)
        return _judged(Outcome(change, "done", written.request_id, note=note), expected, live, missing)

    async def find_lost(
        self, change: Change, before: Sequence[ObservedExtension], expected: Expectation, error: GraphError
    ) -> Outcome:
        """After a POST of unknown outcome: looks for the new extension and adopts it; never sends the POST again."""
        known = {extension.id for extension in before}
        name = folded(change.extension.display_name)
        doubt = str(error)
        try:
            for wait_s in PATIENT_WAITS_S:
                await self.sleep(wait_s)
                live = await list_extensions(self.graph, str(change.catalog.id))
                new = [item for item in live if item.id not in known and folded(item.display_name) == name]
                if len(new) == 1 and new[0].type == change.extension.type and not expected.missing(new[0]):
                    note = f"the answer was lost ({error}); the extension was found as {new[0].id}"
                    return Outcome(with_id(change, new[0].id), "done", error.request_id, note=note)
        except (GraphError, AuthenticationError) as unreadable:
            doubt = f"{error} Looking for it failed too: {unreadable}"
        what = (
            f"{doubt} It may have been created nevertheless: look for “{change.extension.display_name}” in catalog "
            f"{change.catalog}, then plan again."
        )
        return Outcome(change, "unknown", error.request_id, what)

    async def settle_lost_update(self, change: Change, expected: Expectation, error: GraphError) -> Outcome:
        """After a PUT of unknown outcome: done if what is live says so, else unknown."""
        doubt = str(error)
        try:
            live, missing = await self._read_back(change, expected, patient=False)
            if not missing:
                note = f"the answer was lost ({error}), the write was not"
                return _judged(Outcome(change, "done", error.request_id, note=note), expected, live, missing)
        except (GraphError, AuthenticationError) as unreadable:
            doubt = f"{error} Reading it back failed too: {unreadable}"
        what = f"{doubt} It may take effect yet: look at {change.extension.id}, then plan again."
        return Outcome(change, "unknown", error.request_id, what)

    async def _send_under(
        self, timeout_name: str, change: Change, expected: Expectation
    ) -> tuple[str, ObservedExtension | None, tuple[FieldChange, ...]]:
        """PUTs the same once more with the timeout under this name: what to say of it, and what is live then."""
        catalog_id, properties = str(change.catalog.id), expected.properties

        async def recheck() -> None:
            """Asked before the PUT goes out a second time: nothing but the timeout may be missing still."""
            missing = expected.missing(await get_extension(self.graph, catalog_id, str(change.extension.id)))
            if not expected.lost_only_the_timeout(missing):
                raise OvertakenError("what is live changed before it could be repeated")

        try:
            await replace_extension(self.graph, catalog_id, change.extension, properties, timeout_name, recheck)
        except (GraphError, OvertakenError) as error:
            note = f"the timeout did not stick; sending it as {timeout_name} failed too: {error}"
            return note, *await self._read_back(change, expected, patient=False)
        live, missing = await self._read_back(change, expected)
        kept = not expected.lost_only_the_timeout(missing)
        return took(timeout_name) if kept else "the timeout did not stick under either name", live, missing

    async def _read_back(
        self, change: Change, expected: Expectation, *, patient: bool = True
    ) -> tuple[ObservedExtension | None, tuple[FieldChange, ...]]:
        """The extension as it was read last, and what was sent and does not show in it."""
        live, missing = None, expected.missing(None)
        for wait_s in PATIENT_WAITS_S if patient else SHORT_WAITS_S:
            await self.sleep(wait_s)
            live = await get_extension(self.graph, str(change.catalog.id), str(change.extension.id))
            missing = expected.missing(live)
            if not missing:
                break
        return live, missing


def took(timeout_name: str) -> str:
    """What to say when Graph took the timeout under the name that was tried second."""
    return f"Graph took the timeout as {timeout_name}, not as {OTHER_TIMEOUT_NAME[timeout_name]}"


def with_id(change: Change, extension_id: str) -> Change:
    """The change of a create with the id that Graph gave the extension."""
    return replace(change, extension=replace(change.extension, id=extension_id))


def _judged(
    done: Outcome, expected: Expectation, live: ObservedExtension | None, missing: Sequence[FieldChange]
) -> Outcome:
    """The outcome `done`, unless what is live says otherwise."""
    if live is None:
        what = f"Graph took it as {done.change.extension.id}, which cannot be read yet; plan again before anything else"
        return replace(done, status="unknown", error=what)
    if missing:
        names = ", ".join("/".join(row.path) for row in missing)
        what = f"Graph took the request but did not keep {names}; what is live differs from what was sent"
        return replace(done, status="failed", error=what)
    gone = expected.taken_away(live)
    if gone:
        what = f"the write took away {', '.join(gone)}, which this tool does not know; set it again by hand"
        return replace(done, status="failed", error=what)
    return done
