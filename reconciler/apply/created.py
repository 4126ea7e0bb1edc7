"""What the changes of a run depend on: parents and references that the same run creates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from reconciler.diff.references import Key, within
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.reason import Reason, reason
from reconciler.plan.dependencies import Identity, identity


class Created:
    """The outcomes of a run's changes by their objects, for those that wait for them.

    A change waits only for objects of kinds before its own, and never for a later one of its own
    scope, which would wait for it: no two changes wait for each other.
    """

    def __init__(self, changes: Sequence[Change], places: asyncio.Semaphore) -> None:
        self.places = places
        self._outcomes: dict[Identity, asyncio.Future[Outcome]] = {}
        self._scopes = {_of(change): change.scope.key for change in changes}
        self._ending: dict[Key, list[Change]] = {}  # by the object whose use they end
        for change in changes:
            for row in change.fields:
                if isinstance(row.before, ObjectRef) and not change.removes:
                    self._ending.setdefault(row.before.key, []).append(change)
        loop = asyncio.get_running_loop()
        for change in changes:
            self._outcomes.setdefault(_of(change), loop.create_future())

    def settle(self, change: Change, outcome: Outcome) -> None:
        """The change has ended."""
        future = self._outcomes[_of(change)]
        if not future.done():
            future.set_result(outcome)

    async def resolved(self, change: Change) -> Change | Reason:
        """The change with the ids of its parents and of what it refers to, as soon as they are
        known; the reason to skip it if one of them was not created, or not applied.
        """
        parents: list[ObjectRef] = []
        for number, parent in enumerate(change.parents):
            current = await self._created(parent, change.parents[:number], change)
            if current is None:
                return reason("parent_failed")
            parents.append(current)
        for object_id in change.freed_by:
            renamed = ObjectRef(change.kind, object_id, None)
            if await self._current(renamed, change.parents, change) is None:
                return reason("name_not_freed", id=object_id)
        in_use = await self._still_used(change)
        if in_use is not None:
            return in_use
        fields: list[FieldChange] = []
        for row in change.fields:
            if not isinstance(row.after, ObjectRef):
                fields.append(row)
                continue
            current = await self._referred(row.after, change)
            if current is None:
                name = str(row.after)
                return reason("depends_on_failed", other_kind=row.after.kind, name=name)
            fields.append(replace(row, after=current))
        return replace(change, parents=tuple(parents), fields=tuple(fields))

    async def _still_used(self, change: Change) -> Reason | None:
        """Why an object must not be deleted: a change that ends a use of it was not applied."""
        ending = self._ending.get(change.object.key, ()) if change.action == "delete" else ()
        for other in ending:
            if await self._current(other.object, other.parents, change) is None:
                name = str(other.object)
                return reason("depends_on_failed", other_kind=other.kind, name=name)
        return None

    async def _created(self, parent: ObjectRef, outer: Parents, change: Change) -> ObjectRef | None:
        """The parent with its id; None if this run did not create it."""
        return parent if parent.id else await self._current(parent, outer, change)

    async def _referred(self, ref: ObjectRef, change: Change) -> ObjectRef | None:
        for parents in within(change.parents):
            if identity(ref, parents) in self._outcomes:
                return await self._current(ref, parents, change)
        return ref

    async def _current(self, ref: ObjectRef, parents: Parents, waiting: Change) -> ObjectRef | None:
        """The object after its change in this run, if it has one; None if that was not applied, or
        comes after the waiting change.
        """
        key = identity(ref, parents)
        future = self._outcomes.get(key)
        if future is None:
            return ref
        if not future.done() and self._scopes[key] == waiting.scope.key:
            return None
        outcome = await self._outcome(future)
        return outcome.change.object if outcome.status == "done" else None

    async def _outcome(self, future: asyncio.Future[Outcome]) -> Outcome:
        """The outcome in another scope; while it is waited for, that scope may have the place."""
        if future.done():
            return future.result()
        self.places.release()
        try:
            return await future
        finally:
            await self.places.acquire()


def _of(change: Change) -> Identity:
    return identity(change.object, change.parents)
