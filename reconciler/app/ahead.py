"""Reads that begin while files are still being loaded: of the parents that valid files name.

Loading takes CPU and reading takes time, so that a plan needs little more than the longer of both
(ADR 0031). Only reads begin early, and what they return counts only if all files are valid.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from reconciler.app.reading import Group, Reading, batches_of
from reconciler.app.tenant import Read, TenantObjects
from reconciler.loader import LoadedState, Loading
from reconciler.model.kind import Kinds
from reconciler.model.objects import ObjectRef

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

T = TypeVar("T")
Work: TypeAlias = Coroutine[Any, Any, T]
ENOUGH = 16
"""So many parents fill at least one look-up (ADR 0018); the last look-up waits for more."""
TURNS = 5
"""Of the event loop after each file: with one, an answer waits for several files (ADR 0031)."""


class Ahead:
    """Parents that are read over one connection before all that files declare is known.

    `begun`: for each the search that reads it, with others. `matches`: as in `TenantObjects`. With
    `names`, nothing is read ahead: which parents they select is known when all files are loaded.
    """

    def __init__(self, kinds: Kinds, names: Collection[str] = ()) -> None:
        self.begun: dict[ObjectRef, asyncio.Task[Group]] = {}
        self.matches: dict[ObjectRef, Read] = {}
        self._kinds = kinds
        self._names = names
        self._added: set[tuple[str, str]] = set()
        self._waiting: list[ObjectRef] = []
        self._reading: Reading | None = None

    def add(self, refs: Iterable[ObjectRef]) -> None:
        """Reads these parents too, once there is a connection and enough for a look-up."""
        for ref in refs if not self._names else ():
            if ref.key not in self._added:
                self._added.add(ref.key)
                self._waiting.append(ref)
        if self._reading is not None and self.enough:
            self._begin(self._reading)

    @property
    def enough(self) -> bool:
        """True if those that wait fill a look-up."""
        return len(self._waiting) >= ENOUGH

    @asynccontextmanager
    async def over(self, graph: GraphClient) -> AsyncIterator[None]:
        """Reads over this connection; what is not finished at the end of the block is cancelled."""
        tenant = TenantObjects(graph, ())
        self.matches, self._reading = tenant.matches, Reading(graph, self._kinds, tenant)
        self.add(())
        try:
            yield
        finally:
            await _cancelled(set(self.begun.values()))

    def _begin(self, reading: Reading) -> None:
        """Begins to read those that fill look-ups; the others wait."""
        waiting, self._waiting = self._waiting, []
        for kind in self._kinds:
            batches = batches_of(kind, [ref for ref in waiting if ref.kind == kind.name])
            for last in batches[-1:]:
                self._waiting += last
            for batch in batches[:-1]:
                search = asyncio.create_task(reading.search(kind, batch))
                self.begun |= dict.fromkeys(batch, search)


async def while_loading(
    loading: Loading, ahead: Ahead, work: Callable[[asyncio.Future[LoadedState]], Work[T]]
) -> T | LoadedState:
    """The result of the work, which begins once there is enough to read, and awaits the state of
    valid files; only the state if they are not. Then the work is cancelled, and if it has failed,
    that does not matter.
    """
    valid: asyncio.Future[LoadedState] = asyncio.get_running_loop().create_future()
    working: asyncio.Task[T] | None = None
    try:
        for parents in loading.files():
            ahead.add(parents)
            if ahead.enough and working is None:
                working = asyncio.create_task(work(valid))
            for _ in range(TURNS):
                await asyncio.sleep(0)
        state = loading.state()
        if state.faulty:
            return state
        valid.set_result(state)
        working = working or asyncio.create_task(work(valid))
        return await working
    finally:
        if working is not None:
            await _cancelled({working})


async def _cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancels those that have not ended, and waits until all have."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
