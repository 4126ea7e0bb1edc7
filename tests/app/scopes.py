"""Observing catalogs, for tests of what is read and what is said about it."""

from __future__ import annotations

from collections.abc import Callable

from objects import KINDS, PLACE, catalog_ref

from reconciler.app.kinds import sentences
from reconciler.app.observe import observe
from reconciler.graph.client import GraphClient
from reconciler.model.objects import DesiredScope, ObjectRef, ObservedScope
from reconciler.render.reasons import parent_sentence
from tests.graph.scripted import CATALOG


def by_id(catalog_id: str = CATALOG) -> ObjectRef:
    """A catalog that is declared by id."""
    return catalog_ref(catalog_id, None)


def by_name(name: str = "Marketing") -> ObjectRef:
    """A catalog that is declared by name."""
    return catalog_ref(None, name)


async def observe_parents(
    graph: GraphClient, *parents: ObjectRef | None, advance: Callable[[], None] = lambda: None
) -> list[ObservedScope]:
    """What is observed where something is declared in these catalogs; None: in the tenant."""
    scopes = [DesiredScope(parent, (), PLACE) for parent in parents]
    return await observe(graph, KINDS, scopes, advance)


def explained(scope: ObservedScope) -> str:
    """Why the scope is absent or unreadable."""
    assert scope.reason is not None
    return parent_sentence(scope.reason, "catalog", sentences())
