"""What became of a write that was sent: read back until it shows, or until it is clear that it cannot be told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply.expectation import Expectation
from reconciler.apply.watch import Watch
from reconciler.errors import GraphError, GraphRefusalError, OvertakenError, ReconcilerError
from reconciler.graph.reading import get_extension, list_extensions
from reconciler.graph.writing import Written, replace_extension
from reconciler.model.canonical import folded
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

PATIENT_WAITS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses before each read-back, a minute in all: how long Graph may take to show what it wrote (docs/graph.md §5.5)."""
SHORT_WAITS_S = PATIENT_WAITS_S[:4]
"""Where Graph's own answer already said that it did not keep what was sent."""

FAILED_LOOKS = 3
"""So many failed looks in a row are enough; each has been repeated already, as every request is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reading shows of a change: its extension, others that share a new name, and what does not show."""

    live: ObservedExtension | None
    namesakes: tuple[str, ...]
    missing: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Reads one Graph back; `sleep` is a parameter so that tests need not wait."""

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def confirm(
        self, change: Change, expected: Expectation, written: Written, untried_name: str | None, watch: Watch
    ) -> Outcome:
        """The outcome of a write that Graph answered with success.

        Where the timeout alone does not show, and Graph's answer did not show it either, it is sent once more under the
        name not tried yet (docs/graph.md §2.4).
        """
        watch.change = change
        said = expected.missing(written.extension) if written.extension else None
        other_name_may_help = bool(untried_name and said and expected.lost_only_the_timeout(said))
        try:
            seen = await self._read_back(change, expected, watch, patient=not other_name_may_help)
            note = None
            if untried_name and said != () and expected.has_timeout and expected.lost_only_the_timeout(seen.missing):
                note, seen = await self._send_under(untried_name, change, expected, watch)
        except GraphError as error:
            return watch.unknown(f"It was written, but that cannot be confirmed: {error}", written.request_id)
        done = Outcome(change, "done", written.request_id, note=note)
        if not said and seen.live is not None and expected.shows_only_the_former(seen.missing):
            return watch.unknown("Graph took it, but what can be read is as it was before.", done.request_id)
        return _judged(done, expected, seen)

    async def find_lost(
        self, change: Change, before: Sequence[ObservedExtension], expected: Expectation, lost: GraphError
    ) -> ObservedExtension | None:
        """After a POST of unknown outcome: the one new extension that is as sent; None when none of its name shows.

        Raises:
            GraphError: it cannot be decided: the catalog cannot be read, or what shows under the name is another.
        """
        known = {extension.id for extension in before}
        name = folded(change.extension.display_name)
        shown: set[str] = set()
        try:
            async with aclosing(self._looks(change, PATIENT_WAITS_S)) as looks:
                async for live in looks:
                    bearers = {item.id: item for item in live if folded(item.display_name) == name}
                    shown |= bearers.keys()
                    if len(shown) == 1 and bearers and not shown & known:
                        (found,) = bearers.values()
                        if _is_as_sent(found, change, expected):
                            return found
        except GraphError as error:
            raise GraphError(f"{lost} Looking for it failed too: {error}", request_id=lost.request_id) from error
        if shown:
            ids = ", ".join(sorted(shown))
            text = f"{lost} What shows under its name is not one extension as sent ({ids})."
            raise GraphError(text, request_id=lost.request_id)
        return None

    async def settle_lost_update(
        self, change: Change, expected: Expectation, lost: GraphError, watch: Watch
    ) -> Outcome:
        """After a PUT of unknown outcome: done if what is live says so, else unknown."""
        try:
            seen = await self._read_back(change, expected, watch)
        except GraphError as unreadable:
            return watch.unknown(f"{lost} Reading it back failed too: {unreadable}", lost.request_id)
        if seen.missing:
            return watch.unknown(str(lost), lost.request_id)
        note = f"the answer was lost ({lost}), the write was not"
        return _judged(Outcome(change, "done", lost.request_id, note=note), expected, seen)

    async def _send_under(
        self, timeout_name: str, change: Change, expected: Expectation, watch: Watch
    ) -> tuple[str, Seen]:
        """PUTs the same once more with the timeout under this name: what to say of it, and what shows then."""
        catalog_id, properties = str(change.catalog.id), expected.properties

        async def look_again() -> None:
            """Nothing but the timeout may be missing still."""
            missing = expected.missing(await get_extension(self.graph, catalog_id, str(change.extension.id)))
            if not missing:
                raise OvertakenError("An earlier attempt of the same write was carried out.", done=True)
            if not expected.lost_only_the_timeout(missing):
                raise OvertakenError("what is live changed before it could be repeated")

        watch.look = look_again
        try:
            await replace_extension(self.graph, catalog_id, change.extension, properties, timeout_name, watch)
        except OvertakenError as overtaken:
            if not overtaken.done:
                return _not_under(timeout_name, overtaken), await self._read_back(
                    change, expected, watch, patient=False
                )
        except GraphError as error:
            if isinstance(error, GraphRefusalError) and error.certain:
                return _not_under(timeout_name, error), await self._read_back(change, expected, watch, patient=False)
            seen = await self._read_back(change, expected, watch)
            if seen.missing:
                raise
            return took(timeout_name), seen
        seen = await self._read_back(change, expected, watch)
        kept = not expected.lost_only_the_timeout(seen.missing)
        return took(timeout_name) if kept else "the timeout did not stick under either name", seen

    async def _read_back(self, change: Change, expected: Expectation, watch: Watch, *, patient: bool = True) -> Seen:
        """What the last look shows, or the first at which nothing is missing."""
        async with aclosing(self._looks(change, PATIENT_WAITS_S if patient else SHORT_WAITS_S)) as looks:
            async for live in looks:
                watch.seen, watch.seen_s = live, self.graph.elapsed_s()
                seen = _seen(change, expected, live)
                if not seen.missing:
                    break
        return seen

    async def _looks(
        self, change: Change, waits_s: Sequence[float]
    ) -> AsyncGenerator[Sequence[ObservedExtension], None]:
        """What is live, again and again; a look that fails is made up for by the next.

        Raises:
            GraphError: the last look failed, or so many in a row that no better one is to be expected.
        """
        failed = 0
        for number, wait_s in enumerate(waits_s, start=1):
            await self.sleep(wait_s)
            try:
                with self.graph.ahead():
                    live = await look(self.graph, change)
            except GraphError:
                failed += 1
                if failed == FAILED_LOOKS or number == len(waits_s):
                    raise
            else:
                failed = 0
                yield live


async def look(graph: GraphClient, change: Change) -> Sequence[ObservedExtension]:
    """What is live around the change: its own extension, or the whole catalog where a name must be free."""
    catalog_id = str(change.catalog.id)
    if change.action in ("create", "rename"):
        return await list_extensions(graph, catalog_id)
    found = await get_extension(graph, catalog_id, str(change.extension.id))
    return [found] if found else []


def took(timeout_name: str) -> str:
    """What to say when Graph took the timeout under the name that was tried second."""
    return f"Graph took the timeout as {timeout_name}, not as {OTHER_TIMEOUT_NAME[timeout_name]}"


def _not_under(timeout_name: str, error: ReconcilerError) -> str:
    return f"the timeout did not stick; sending it as {timeout_name} failed too: {error}"


def with_id(change: Change, extension_id: str) -> Change:
    """The change of a create with the id that Graph gave the extension."""
    return replace(change, extension=replace(change.extension, id=extension_id))


def _seen(change: Change, expected: Expectation, live: Sequence[ObservedExtension]) -> Seen:
    own = next((item for item in live if item.id == change.extension.id), None)
    name = folded(change.extension.display_name)
    had_it_before = expected.former is not None and folded(expected.former.display_name) == name
    others = () if had_it_before else [item for item in live if item.id not in change.namesakes]
    namesakes = tuple(item.id for item in others if item is not own and folded(item.display_name) == name)
    return Seen(own, namesakes, expected.missing(own))


def _is_as_sent(found: ObservedExtension, change: Change, expected: Expectation) -> bool:
    """True when nothing is missing, or the timeout alone, whose name may be at fault."""
    missing = expected.missing(found)
    return found.type == change.extension.type and (not missing or expected.lost_only_the_timeout(missing))


def _judged(done: Outcome, expected: Expectation, seen: Seen) -> Outcome:
    """The outcome `done`, unless what is live says otherwise."""
    extension = done.change.extension
    if seen.live is None:
        what = f"Graph took it as {extension.id}, which cannot be read yet; plan again before anything else"
        return replace(done, status="unknown", error=what)
    if seen.missing:
        names = ", ".join("/".join(row.path) for row in seen.missing)
        what = f"Graph took the request but did not keep {names}; what is live differs from what was sent"
        return replace(done, status="failed", error=what, written=True)
    if seen.namesakes:
        ids = ", ".join((str(extension.id), *seen.namesakes))
        what = f"it was written, but another of the same name showed up meanwhile ({ids}); keep one, delete the other"
        return replace(done, status="failed", error=what, written=True)
    gone = expected.taken_away(seen.live)
    if gone:
        what = f"the write took away {', '.join(gone)}, which this tool does not know; set it again by hand"
        return replace(done, status="failed", error=what, written=True)
    return done
