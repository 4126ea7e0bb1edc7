"""What is live: the declared scopes, found by id or by a unique name, and the objects in them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.app.declared import with_declared
from reconciler.app.reading import Advance, Reading, list_objects
from reconciler.app.shared_listings import SharedListings
from reconciler.app.tenant import TenantObjects
from reconciler.model.kind import Kinds
from reconciler.model.objects import Desired, DesiredScope, ObjectRef, Observed, ObservedScope
from reconciler.network.concurrent import concurrently

if TYPE_CHECKING:
    from reconciler.app.ahead import Ahead
    from reconciler.graph.client import GraphClient


async def observe(
    graph: GraphClient,
    kinds: Kinds,
    desired: Sequence[DesiredScope],
    advance: Advance = lambda: None,
    ahead: Ahead | None = None,
) -> list[ObservedScope]:
    """Each desired scope as observed, in the given order; scopes are read concurrently, and some of
    them are already being read `ahead`.

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
    reading = Reading(graph, kinds, tenant, advance)
    refs = list(dict.fromkeys(scope.parent for scope in desired if scope.parent is not None))
    scopes: dict[ObjectRef | None, ObservedScope] = {}
    for kind in kinds:
        of_kind = [ref for ref in refs if ref.kind == kind.name]
        if of_kind:
            scopes |= await reading.scopes(kind, of_kind, ahead.begun if ahead else {})
    tenant.matches |= ahead.matches if ahead else {}
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
    reading = Reading(graph, kinds, TenantObjects(graph, ()), advance)
    return await concurrently(reading.scope(ref) for ref in listed)


async def list_parents(graph: GraphClient, kinds: Kinds) -> list[Observed]:
    """Every object of the tenant that contains others."""
    outermost = {kind.parents[0] for kind in kinds if kind.parents}
    listed = await concurrently(
        list_objects(kind, graph, ()) for kind in kinds if kind.name in outermost
    )
    return [*chain(*listed)]
