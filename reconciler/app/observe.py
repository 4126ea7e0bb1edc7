"""What is live: the declared scopes, found by id or by a unique name, and the objects in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.app.declared import with_declared
from reconciler.app.shared_listings import SharedListings
from reconciler.app.tenant import TenantObjects, of_same_name, unreadable
from reconciler.errors import ServiceError, ServiceUnansweredError
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Kind, Kinds
from reconciler.model.names import GUID, folded
from reconciler.model.objects import Desired, DesiredScope, ObjectRef, Observed, ObservedScope
from reconciler.model.reason import Reason, reason
from reconciler.model.wording import similar_names
from reconciler.network.concurrent import concurrently

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
    each scope with a parent.

    Raises:
        AuthenticationError: Graph rejects the token.
        ServiceUnansweredError: Graph has not answered any HTTP request of this run.
    """
    of_tenant = [scope for scope in desired if scope.parent is None]
    declared = [each.ref for scope in of_tenant for each in scope.objects]
    tenant = TenantObjects(graph, declared)
    reading = _Reading(graph, kinds, tenant, advance)
    refs = list(dict.fromkeys(scope.parent for scope in desired if scope.parent is not None))
    scopes: dict[ObjectRef | None, ObservedScope] = {}
    for kind in kinds:
        of_kind = [ref for ref in refs if ref.kind == kind.name]
        if of_kind:
            scopes |= await reading.scopes(kind, of_kind)
    if of_tenant:
        whole = not declared or _refers_to_tenant(kinds, desired)
        scopes[None] = await tenant.scope(kinds.inside(None), whole=whole)
    return await _with_declared(graph, kinds, desired, [scopes[scope.parent] for scope in desired])


async def _with_declared(
    graph: GraphClient,
    kinds: Kinds,
    desired: Sequence[DesiredScope],
    observed: Sequence[ObservedScope],
) -> list[ObservedScope]:
    """The scopes with what is declared in them of kinds that are read on demand. Two of them may be
    of the same parent, which one declares by its id and the other by its name.
    """
    declared: dict[ObjectRef | None, list[Desired]] = {}
    for declared_scope, scope in zip(desired, observed, strict=True):
        declared.setdefault(scope.parent, []).extend(declared_scope.objects)
    scopes, shared = {scope.parent: scope for scope in observed}, SharedListings(graph)
    whole = await concurrently(
        with_declared(shared, kinds, scope, declared[parent]) for parent, scope in scopes.items()
    )
    by_parent = dict(zip(scopes, whole, strict=True))
    return [by_parent[scope.parent] for scope in observed]


def with_referred(kinds: Kinds, desired: Sequence[DesiredScope]) -> list[DesiredScope]:
    """The scopes, with that of the tenant if an object refers to something in it."""
    if not _refers_to_tenant(kinds, desired) or any(scope.parent is None for scope in desired):
        return [*desired]
    return [*desired, DesiredScope(None, (), desired[0].source)]


def _refers_to_tenant(kinds: Kinds, desired: Sequence[DesiredScope]) -> bool:
    """True if an object refers to something that is in nothing else."""
    of_tenant = {kind.name for kind in kinds.inside(None)}
    return any(
        isinstance(value, ObjectRef) and value.kind in of_tenant
        for scope in desired
        for declared in scope.objects
        for value in declared.properties.values()
    )


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
    reading = _Reading(graph, kinds, TenantObjects(graph, ()), advance)
    return await concurrently(reading.scope(ref) for ref in listed)


class _Reading:
    """Reads scopes of one Graph; `tenant` keeps what it reads of their parents."""

    def __init__(
        self, graph: GraphClient, kinds: Kinds, tenant: TenantObjects, advance: Advance
    ) -> None:
        self._graph = graph
        self._kinds = kinds
        self._tenant = tenant
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

    async def _batch(
        self, kind: Kind, refs: Sequence[ObjectRef]
    ) -> list[tuple[ObjectRef, ObservedScope | None]]:
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
            listed = await concurrently(_list(kind, self._graph, (parent,)) for kind in kinds)
        except ServiceError as error:
            if isinstance(error, ServiceUnansweredError) and not self._graph.answered:
                raise
            return ObservedScope(parent, "unreadable", reason=unreadable(error))
        return ObservedScope(parent, "complete", tuple(chain(*listed)))


async def _list(
    kind: Kind, graph: GraphClient, parents: tuple[ObjectRef, ...]
) -> tuple[Observed, ...]:
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


async def list_parents(graph: GraphClient, kinds: Kinds) -> list[Observed]:
    """Every object of the tenant that contains others."""
    outermost = {kind.parents[0] for kind in kinds if kind.parents}
    listed = await concurrently(_list(kind, graph, ()) for kind in kinds if kind.name in outermost)
    return [*chain(*listed)]
