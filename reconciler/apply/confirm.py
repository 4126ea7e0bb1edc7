"""The outcome of a write that was sent: poll until Graph shows it, or report that its result could
not be verified.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.apply.expectation import Expectation
from reconciler.apply.watch import Watch
from reconciler.errors import GraphError, GraphRefusalError, ReconcilerError, StaleChangeError
from reconciler.graph.reading import get_extension, list_extensions
from reconciler.graph.writing import Written, replace_extension
from reconciler.model.canonical import folded
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.types import OTHER_TIMEOUT_NAME

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

POLL_WAITS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Pauses before each poll, one minute in total: how long Graph may take to show what it wrote
(docs/graph.md §5.5).
"""
SHORT_POLL_WAITS_S = POLL_WAITS_S[:4]
"""Used when Graph's own answer already showed that it dropped a value."""

MAX_FAILED_POLLS = 3
"""Polling ends after this many failed polls in a row; each of them was retried already, like every
request.
"""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What one read-back shows: the change's own extension, others with its new name, and values
    not shown as sent.
    """

    own: ObservedExtension | None
    namesakes: tuple[str, ...]
    missing: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Reads writes back from one Graph; `sleep` is a parameter so that tests need not wait."""

    graph: GraphClient
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def confirm(
        self,
        change: Change,
        expected: Expectation,
        written: Written,
        untried_name: str | None,
        watch: Watch,
    ) -> Outcome:
        """The outcome of a write that Graph answered with success.

        If only the timeout is missing, in Graph's answer too, the write is sent once more with the
        timeout under the name that was not tried yet (docs/graph.md §2.4).
        """
        watch.change = change
        lost_in_answer = expected.missing(written.extension) if written.extension else None
        other_name_may_help = bool(
            untried_name and lost_in_answer and expected.lost_only_the_timeout(lost_in_answer)
        )
        try:
            read_back = await self._read_back(change, expected, watch, short=other_name_may_help)
            note = None
            if (
                untried_name
                and lost_in_answer != ()
                and expected.has_timeout
                and expected.lost_only_the_timeout(read_back.missing)
            ):
                note, read_back = await self._send_under(untried_name, change, expected, watch)
        except GraphError as error:
            return watch.unknown(
                f"Graph accepted the write, but reading it back failed: {error}", written.request_id
            )
        done = Outcome(change, "done", written.request_id, note=note)
        if (
            not lost_in_answer
            and read_back.own is not None
            and expected.shows_only_the_former(read_back.missing)
        ):
            return watch.unknown(
                "Graph accepted the update, but reads still return the old values "
                "(replication delay, or the update was dropped).",
                done.request_id,
            )
        return _judged(done, expected, read_back)

    async def find_lost(
        self,
        change: Change,
        before: Sequence[ObservedExtension],
        expected: Expectation,
        lost: GraphError,
    ) -> ObservedExtension | None:
        """After a POST of unknown outcome: the one new extension that is as sent; None if none of
        the name appears.

        Raises:
            GraphError: undecided: the catalog cannot be read, or the extensions of that name are
                not as sent.
        """
        known_ids = {extension.id for extension in before}
        name = folded(change.extension.display_name)
        seen_ids: set[str] = set()
        try:
            async with aclosing(self._poll(change, POLL_WAITS_S)) as polls:
                async for live in polls:
                    same_name = {
                        extension.id: extension
                        for extension in live
                        if folded(extension.display_name) == name
                    }
                    seen_ids |= same_name.keys()
                    if len(seen_ids) == 1 and same_name and not seen_ids & known_ids:
                        (candidate,) = same_name.values()
                        if _is_as_sent(candidate, change, expected):
                            return candidate
        except GraphError as error:
            raise GraphError(
                f"{lost} Searching for the extension failed too: {error}",
                request_id=lost.request_id,
            ) from error
        if seen_ids:
            ids = ", ".join(sorted(seen_ids))
            text = (
                f"{lost} The extensions found under that name do not match what was sent ({ids})."
            )
            raise GraphError(text, request_id=lost.request_id)
        return None

    async def settle_lost_update(
        self, change: Change, expected: Expectation, lost: GraphError, watch: Watch
    ) -> Outcome:
        """After a PUT of unknown outcome: done if a read-back shows the new values, else
        unknown.
        """
        try:
            read_back = await self._read_back(change, expected, watch)
        except GraphError as unreadable:
            return watch.unknown(
                f"{lost} Reading it back failed too: {unreadable}", lost.request_id
            )
        if read_back.missing:
            return watch.unknown(str(lost), lost.request_id)
        note = f"no usable answer to the update ({lost}); a read-back shows that Graph applied it"
        return _judged(Outcome(change, "done", lost.request_id, note=note), expected, read_back)

    async def _send_under(
        self, timeout_name: str, change: Change, expected: Expectation, watch: Watch
    ) -> tuple[str, ReadBack]:
        """PUTs the same once more with the timeout under this name: a note about it, and the
        read-back after it.
        """
        catalog_id, properties = str(change.catalog.id), expected.properties

        async def pre_check() -> None:
            """Nothing but the timeout may still be missing."""
            missing = expected.missing(
                await get_extension(self.graph, catalog_id, str(change.extension.id))
            )
            if not missing:
                raise StaleChangeError(
                    "An earlier attempt of the same write was applied.", applied=True
                )
            if not expected.lost_only_the_timeout(missing):
                raise StaleChangeError("the extension changed before the write could be repeated")

        watch.check = pre_check
        try:
            await replace_extension(
                self.graph, catalog_id, change.extension, properties, timeout_name, watch
            )
        except StaleChangeError as stale:
            if not stale.applied:
                return _not_under(timeout_name, stale), await self._read_back(
                    change, expected, watch, short=True
                )
        except GraphError as error:
            if isinstance(error, GraphRefusalError) and error.certain:
                return _not_under(timeout_name, error), await self._read_back(
                    change, expected, watch, short=True
                )
            read_back = await self._read_back(change, expected, watch)
            if read_back.missing:
                raise
            return accepted_as(timeout_name), read_back
        read_back = await self._read_back(change, expected, watch)
        kept = not expected.lost_only_the_timeout(read_back.missing)
        return (
            accepted_as(timeout_name)
            if kept
            else "Graph dropped the timeout under both of its names"
        ), read_back

    async def _read_back(
        self, change: Change, expected: Expectation, watch: Watch, *, short: bool = False
    ) -> ReadBack:
        """The first read-back in which nothing is missing, or else the last one."""
        async with aclosing(
            self._poll(change, SHORT_POLL_WAITS_S if short else POLL_WAITS_S)
        ) as polls:
            async for live in polls:
                watch.observed, watch.observed_at_s = live, self.graph.elapsed_s()
                read_back = _read_back_of(change, expected, live)
                if not read_back.missing:
                    break
        return read_back

    async def _poll(
        self, change: Change, waits_s: Sequence[float]
    ) -> AsyncGenerator[Sequence[ObservedExtension], None]:
        """The observed extensions, read again after each wait; a failed poll is skipped.

        Raises:
            GraphError: the last poll failed, or `MAX_FAILED_POLLS` in a row.
        """
        failed = 0
        for number, wait_s in enumerate(waits_s, start=1):
            await self.sleep(wait_s)
            try:
                with self.graph.skip_queue():
                    live = await read_current(self.graph, change)
            except GraphError:
                failed += 1
                if failed == MAX_FAILED_POLLS or number == len(waits_s):
                    raise
            else:
                failed = 0
                yield live


async def read_current(graph: GraphClient, change: Change) -> Sequence[ObservedExtension]:
    """What the change depends on, read now: its own extension, or the whole catalog if a name must
    be free.
    """
    catalog_id = str(change.catalog.id)
    if change.action in ("create", "rename"):
        return await list_extensions(graph, catalog_id)
    extension = await get_extension(graph, catalog_id, str(change.extension.id))
    return [extension] if extension else []


def accepted_as(timeout_name: str) -> str:
    """The note for a timeout that Graph accepted under the name that was tried second."""
    return (
        f"Graph accepted the timeout as {timeout_name}, not as {OTHER_TIMEOUT_NAME[timeout_name]}"
    )


def _not_under(timeout_name: str, error: ReconcilerError) -> str:
    return f"Graph dropped the timeout; sending it as {timeout_name} failed too: {error}"


def with_id(change: Change, extension_id: str) -> Change:
    """The change of a create with the id that Graph gave the extension."""
    return replace(change, extension=replace(change.extension, id=extension_id))


def _read_back_of(
    change: Change, expected: Expectation, live: Sequence[ObservedExtension]
) -> ReadBack:
    own = next((extension for extension in live if extension.id == change.extension.id), None)
    name = folded(change.extension.display_name)
    had_name_before = expected.former is not None and folded(expected.former.display_name) == name
    others = (
        () if had_name_before else [other for other in live if other.id not in change.namesakes]
    )
    namesakes = tuple(
        other.id for other in others if other is not own and folded(other.display_name) == name
    )
    return ReadBack(own, namesakes, expected.missing(own))


def _is_as_sent(candidate: ObservedExtension, change: Change, expected: Expectation) -> bool:
    """True if nothing is missing, or the timeout alone, which Graph may expect under its other
    name.
    """
    missing = expected.missing(candidate)
    return candidate.type == change.extension.type and (
        not missing or expected.lost_only_the_timeout(missing)
    )


def _judged(done: Outcome, expected: Expectation, read_back: ReadBack) -> Outcome:
    """The outcome `done`, unless the read-back contradicts it."""
    extension = done.change.extension
    if read_back.own is None:
        what = (
            f"Graph accepted the request and gave the id {extension.id}, but reads do not return it"
            " yet (replication delay); wait a minute, then run plan before any other change"
        )
        return replace(done, status="unknown", error=what)
    if read_back.missing:
        names = ", ".join("/".join(row.path) for row in read_back.missing)
        what = (
            f"Graph accepted the request but dropped {names}: the stored value differs from the one"
            " sent; run plan to see the difference"
        )
        return replace(done, status="failed", error=what, written=True)
    if read_back.namesakes:
        ids = ", ".join((str(extension.id), *read_back.namesakes))
        what = (
            "Graph accepted the write, but another extension with the same name was created"
            f" meanwhile ({ids}); keep one and delete the other"
        )
        return replace(done, status="failed", error=what, written=True)
    removed = expected.removed(read_back.own)
    if removed:
        what = (
            f"the write removed {', '.join(removed)}, which reconciler does not manage; "
            "set it again in the Microsoft Entra admin center"
        )
        return replace(done, status="failed", error=what, written=True)
    return done
