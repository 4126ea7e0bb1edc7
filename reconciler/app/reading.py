"""One parent after another as observed: searched for, and the objects in it listed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from reconciler.app.tenant import TenantObjects, of_same_name, unreadable
from reconciler.errors import ServiceError, ServiceUnansweredError
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Kind, Kinds
from reconciler.model.names import GUID, folded
from reconciler.model.objects import ObjectRef, Observed, ObservedScope, Parents
from reconciler.model.reason import Reason, reason
from reconciler.model.wording import similar_names
from reconciler.network.concurrent import concurrently

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Advance: TypeAlias = Callable[[], None]
Group: TypeAlias = "list[tuple[ObjectRef, ObservedScope | None]]"
"""Parents that were searched for together, each with its scope; None if the search found none."""
Begun: TypeAlias = "Mapping[ObjectRef, asyncio.Task[Group]]"
"""Parents with the searches that began before."""


class Reading:
    """Reads scopes of one Graph; `tenant` keeps what it reads of their parents."""

    def __init__(
        self,
        graph: GraphClient,
        kinds: Kinds,
        tenant: TenantObjects,
        advance: Advance = lambda: None,
    ) -> None:
        self._graph = graph
        self._kinds = kinds
        self._tenant = tenant
        self._advance = advance

    async def scopes(
        self, kind: Kind, refs: Sequence[ObjectRef], begun: Begun = MappingProxyType({})
    ) -> dict[ObjectRef | None, ObservedScope]:
        """The scopes of these parents, which are all of one kind; some searches have begun."""
        searches = dict.fromkeys(begun[ref] for ref in refs if ref in begun)
        batches = batches_of(kind, [ref for ref in refs if ref not in begun])
        groups = await concurrently(
            chain(map(self._ended, searches), (self.search(kind, batch) for batch in batches))
        )
        searched = dict(chain.from_iterable(groups))
        scopes: dict[ObjectRef | None, ObservedScope] = {
            ref: scope for ref, scope in searched.items() if scope is not None
        }
        return scopes | await self._without_match(kind, [ref for ref in refs if ref not in scopes])

    async def _without_match(
        self, kind: Kind, refs: Sequence[ObjectRef]
    ) -> dict[ObjectRef, ObservedScope]:
        """Those that no search finds: absent, unless the listing of all has one of this name.

        One that is to be created is not absent as long as they cannot be listed.
        """
        by_name = any(ref.id is None for ref in refs)
        listed = await self._tenant.all(kind) if by_name else []

        async def scope_of(ref: ObjectRef) -> ObservedScope:
            """The scope of the one of this name, or why there is none."""
            unlisted = isinstance(listed, ServiceError) and ref in self._tenant.declared
            scope = await self._matched(ref, listed if unlisted else of_same_name(ref, listed))
            if scope is not None:
                return scope
            self._advance()
            return ObservedScope(ref, "absent", reason=_absent(ref, kind, listed))

        return dict(zip(refs, await concurrently(map(scope_of, refs)), strict=True))

    async def scope(self, parent: ObjectRef) -> ObservedScope:
        """The objects in a parent whose id is known; it is kept even if reading them fails."""
        scope = await self._read(parent)
        self._advance()
        return scope

    async def _ended(self, search: asyncio.Task[Group]) -> Group:
        """What a search found that began before."""
        group = await search
        for _, scope in group:
            if scope is not None:
                self._advance()
        return group

    async def search(self, kind: Kind, refs: Sequence[ObjectRef]) -> Group:
        """Looks up a group of parents with one request, then reads them concurrently."""
        if kind.api.find is None:
            raise AssertionError("a kind that contains others can be searched")
        matches = await kind.api.find(self._graph, refs)
        self._tenant.matches.update(matches)
        scopes = await concurrently(self._matched(ref, matches[ref]) for ref in refs)
        return list(zip(refs, scopes, strict=True))

    async def _matched(
        self, ref: ObjectRef, matches: Sequence[Observed] | ServiceError
    ) -> ObservedScope | None:
        """The scope of the one match; None if there is none."""
        if isinstance(matches, ServiceError):
            self._advance()
            return ObservedScope(ref, "unreadable", reason=unreadable(matches))
        if not matches:
            return None
        if len(matches) > 1:
            self._advance()
            ids: list[JsonValue] = [*sorted(match.id for match in matches)]
            why = reason("parent_ambiguous", count=len(matches), ids=ids)
            return ObservedScope(ref, "unreadable", reason=why)
        return await self.scope(matches[0].ref)

    async def _read(self, parent: ObjectRef) -> ObservedScope:
        inside = self._kinds.inside(parent.kind)
        kinds = [kind for kind in inside if not kind.on_demand]
        try:
            listed = await concurrently(
                list_objects(kind, self._graph, (parent,)) for kind in kinds
            )
        except ServiceError as error:
            if isinstance(error, ServiceUnansweredError) and not self._graph.answered:
                raise
            return ObservedScope(parent, "unreadable", reason=unreadable(error))
        return ObservedScope(parent, "complete", tuple(chain(*listed)))


def batches_of(kind: Kind, refs: Sequence[ObjectRef]) -> list[Sequence[ObjectRef]]:
    """The references in groups that one request looks up."""
    if kind.api.batches is not None:
        return [*kind.api.batches(refs)]
    return [refs] if refs else []


async def list_objects(kind: Kind, graph: GraphClient, parents: Parents) -> tuple[Observed, ...]:
    """The objects of one kind in these parents, which are `()` for the whole tenant."""
    return await kind.api.list(graph, parents)


def _absent(ref: ObjectRef, kind: Kind, listed: Sequence[Observed] | ServiceError) -> Reason:
    """Why no object was found: what it is searched by, and the most similar names."""
    if ref.id is not None:
        return reason("parent_absent", by="id")
    known = [] if isinstance(listed, ServiceError) else [other.ref for other in listed]
    names = {folded(other.display_name): str(other) for other in known}
    nearest = similar_names(folded(ref.display_name), names)
    parameters: dict[str, JsonValue] = {
        "by": "name",
        "can_be_declared": kind.api.create is not None,
        "looks_like_id": bool(GUID.fullmatch(ref.display_name or "")),
        "nearest": [names[name] for name in nearest],
    }
    if isinstance(listed, ServiceError):
        parameters["names_unreadable"] = listed.with_hint()
    return Reason("parent_absent", parameters)
