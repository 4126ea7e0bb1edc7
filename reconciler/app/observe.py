"""What is live: the declared scopes, found by id or by a unique name, and the objects in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.errors import GraphError, GraphUnansweredError
from reconciler.graph.concurrent import concurrently
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Kind, Kinds
from reconciler.model.names import GUID, folded
from reconciler.model.objects import DesiredScope, ObjectRef, Observed, ObservedScope
from reconciler.model.reason import Reason, reason
from reconciler.model.wording import similar_names

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Advance = Callable[[], None]


async def observe(
    graph: GraphClient,
    kinds: Kinds,
    desired: Sequence[DesiredScope],
    advance: Advance = lambda: None,
) -> list[ObservedScope]:
    """Each desired scope as observed, in the given order; scopes are read concurrently.

    A parent that no search finds is looked for among all of its kind, whose names are compared as
    everywhere; the reason of an absent one names the most similar names. `advance` is called after
    each scope.

    Raises:
        AuthenticationError: Graph rejects the token.
        GraphUnansweredError: Graph has not answered any HTTP request of this run.
    """
    reading = _Reading(graph, kinds, advance)
    refs = list(dict.fromkeys(scope.parent for scope in desired if scope.parent is not None))
    scopes: dict[ObjectRef | None, ObservedScope] = {}
    for kind in kinds:
        of_kind = [ref for ref in refs if ref.kind == kind.name]
        if of_kind:
            scopes |= await reading.scopes(kind, of_kind)
    if any(scope.parent is None for scope in desired):
        scopes[None] = await reading.tenant()
    return [scopes[scope.parent] for scope in desired]


def with_referred(kinds: Kinds, desired: Sequence[DesiredScope]) -> list[DesiredScope]:
    """The scopes, with that of the tenant if an object refers to something in it."""
    of_tenant = {kind.name for kind in kinds.inside(None)}
    refers = any(
        isinstance(value, ObjectRef) and value.kind in of_tenant
        for scope in desired
        for declared in scope.objects
        for value in declared.properties.values()
    )
    if not refers or any(scope.parent is None for scope in desired):
        return [*desired]
    return [*desired, DesiredScope(None, (), desired[0].source)]


async def observe_listed(
    graph: GraphClient,
    kinds: Kinds,
    listed: Sequence[ObjectRef],
    advance: Advance = lambda: None,
) -> list[ObservedScope]:
    """Each of these parents, which Graph has listed, as observed, in the given order.

    Raises:
        AuthenticationError: Graph rejects the token.
    """
    reading = _Reading(graph, kinds, advance)
    return await concurrently(reading.scope(ref) for ref in listed)


class _Reading:
    """Reads scopes of one Graph."""

    def __init__(self, graph: GraphClient, kinds: Kinds, advance: Advance) -> None:
        self._graph = graph
        self._kinds = kinds
        self._advance = advance

    async def scopes(
        self, kind: Kind, refs: Sequence[ObjectRef]
    ) -> dict[ObjectRef | None, ObservedScope]:
        """The scopes of these parents, which are all of one kind."""
        batches = kind.api.batches(refs) if kind.api.batches else [refs]
        groups = await concurrently(self._batch(kind, batch) for batch in batches)
        searched = dict(chain.from_iterable(groups))
        scopes: dict[ObjectRef | None, ObservedScope] = {
            ref: scope for ref, scope in searched.items() if scope is not None
        }
        return scopes | await self._without_match(kind, [ref for ref in refs if ref not in scopes])

    async def _without_match(
        self, kind: Kind, refs: Sequence[ObjectRef]
    ) -> dict[ObjectRef, ObservedScope]:
        """Those that no search finds: absent, unless the listing of all has one of this name."""
        by_name = any(ref.id is None for ref in refs)
        listed, unreadable = await self._all(kind) if by_name else ([], "")

        async def scope_of(ref: ObjectRef) -> ObservedScope:
            """The scope of the one of this name, or why there is none."""
            scope = await self._matched(ref, _of_same_name(ref, listed))
            if scope is not None:
                return scope
            self._advance()
            return ObservedScope(ref, "absent", reason=_absent(ref, listed, unreadable))

        return dict(zip(refs, await concurrently(map(scope_of, refs)), strict=True))

    async def tenant(self) -> ObservedScope:
        """The objects of the tenant that are in nothing else."""
        scope = await self._read(None)
        self._advance()
        return scope

    async def scope(self, parent: ObjectRef) -> ObservedScope:
        """The objects in a parent whose id is known; it is kept even if reading them fails."""
        scope = await self._read(parent)
        self._advance()
        return scope

    async def _batch(
        self, kind: Kind, refs: Sequence[ObjectRef]
    ) -> list[tuple[ObjectRef, ObservedScope | None]]:
        """Looks up a group of parents with one request, then reads them concurrently."""
        if kind.api.find is None:
            raise AssertionError("a kind that contains others can be searched")
        matches = await kind.api.find(self._graph, refs)
        scopes = await concurrently(self._matched(ref, matches[ref]) for ref in refs)
        return list(zip(refs, scopes, strict=True))

    async def _matched(
        self, ref: ObjectRef, matches: Sequence[ObjectRef] | GraphError
    ) -> ObservedScope | None:
        """The scope of the one match; None if there is none."""
        if isinstance(matches, GraphError):
            self._advance()
            return ObservedScope(ref, "unreadable", reason=_unreadable(matches))
        if not matches:
            return None
        if len(matches) > 1:
            self._advance()
            ids: list[JsonValue] = [*sorted(str(match.id) for match in matches)]
            why = reason("parent_ambiguous", count=len(matches), ids=ids)
            return ObservedScope(ref, "unreadable", reason=why)
        return await self.scope(matches[0])

    async def _read(self, parent: ObjectRef | None) -> ObservedScope:
        parents = (parent,) if parent else ()
        inside = self._kinds.inside(parent.kind if parent else None)
        try:
            listed = await concurrently(_list(kind, self._graph, parents) for kind in inside)
        except GraphError as error:
            if isinstance(error, GraphUnansweredError) and not self._graph.answered:
                raise
            return ObservedScope(parent, "unreadable", reason=_unreadable(error))
        return ObservedScope(parent, "complete", tuple(chain(*listed)))

    async def _all(self, kind: Kind) -> tuple[list[ObjectRef], str]:
        """Every object of the kind; or why they cannot be listed."""
        try:
            return [observed.ref for observed in await kind.api.list(self._graph, ())], ""
        except GraphError as error:
            return [], error.with_hint()


async def _list(
    kind: Kind, graph: GraphClient, parents: tuple[ObjectRef, ...]
) -> tuple[Observed, ...]:
    return await kind.api.list(graph, parents)


def _of_same_name(ref: ObjectRef, listed: Sequence[ObjectRef]) -> list[ObjectRef]:
    if ref.id is not None:
        return []
    name = folded(ref.display_name)
    return [other for other in listed if folded(other.display_name) == name]


def _unreadable(error: GraphError) -> Reason:
    return reason("parent_unreadable", error=error.with_hint())


def _absent(ref: ObjectRef, listed: Sequence[ObjectRef], unreadable: str) -> Reason:
    """Why no object was found: what it is searched by, and the most similar names."""
    if ref.id is not None:
        return reason("parent_absent", by="id")
    names = {folded(other.display_name): str(other) for other in listed}
    nearest = similar_names(folded(ref.display_name), names)
    parameters: dict[str, JsonValue] = {
        "by": "name",
        "looks_like_id": bool(GUID.fullmatch(ref.display_name or "")),
        "nearest": [names[name] for name in nearest],
    }
    if unreadable:
        parameters["names_unreadable"] = unreadable
    return Reason("parent_absent", parameters)


async def list_parents(graph: GraphClient, kinds: Kinds) -> list[ObjectRef]:
    """Every object of the tenant that contains others."""
    outermost = {kind.parents[0] for kind in kinds if kind.parents}
    listed = await concurrently(_list(kind, graph, ()) for kind in kinds if kind.name in outermost)
    return [observed.ref for observed in chain(*listed)]
