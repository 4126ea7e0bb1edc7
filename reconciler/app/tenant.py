"""Objects of the tenant that are in nothing else: those that match what files declare, or all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from reconciler.errors import ServiceError, ServiceUnansweredError
from reconciler.model.kind import Kind
from reconciler.model.names import folded
from reconciler.model.objects import DeclaredKey, ObjectRef, Observed, ObservedScope
from reconciler.model.reason import Reason, reason
from reconciler.network.concurrent import concurrently

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Read: TypeAlias = "Sequence[Observed] | ServiceError"
"""What was read, or why it could not be."""


class TenantObjects:
    """Each kind is listed once, and only if a name must be known to be free.

    `declared` are the objects that files declare, `matches` what was found for them by searching.
    """

    def __init__(self, graph: GraphClient, declared: Sequence[ObjectRef]) -> None:
        self.declared = declared
        self.matches: dict[ObjectRef, Read] = {}
        self._graph = graph
        self._listed: dict[str, Read] = {}

    async def all(self, kind: Kind) -> Read:
        """Every object of the kind; or why they cannot be listed.

        Raises:
            ServiceUnansweredError: Graph has not answered any HTTP request of this run.
        """
        if kind.name not in self._listed:
            try:
                self._listed[kind.name] = await kind.api.list(self._graph, ())
            except ServiceError as error:
                if isinstance(error, ServiceUnansweredError) and not self._graph.answered:
                    raise
                self._listed[kind.name] = error
        return self._listed[kind.name]

    async def scope(self, kinds: Sequence[Kind], *, whole: bool) -> ObservedScope:
        """The objects of these kinds: all of them if `whole`, otherwise at least those that a
        declaration matches. It takes all to know that a name is free.
        """
        unlisted = [kind for kind in kinds if whole or self._any_name_is_free(kind)]
        for listed in await concurrently(map(self.all, unlisted)):
            if whole and isinstance(listed, ServiceError):
                return ObservedScope(None, "unreadable", reason=unreadable(listed))
        objects = chain.from_iterable(map(self._observed, kinds))
        return ObservedScope(None, "complete", tuple(objects), problems=self._problems())

    def _any_name_is_free(self, kind: Kind) -> bool:
        return any(ref.kind == kind.name and self._name_is_free(ref) for ref in self.declared)

    def _name_is_free(self, ref: ObjectRef) -> bool:
        """True if no match has the declared name: the object is to be created or renamed."""
        matches = self.matches.get(ref, ())
        if isinstance(matches, ServiceError) or (ref.id is not None and not matches):
            return False
        return not of_same_name(ObjectRef(ref.kind, None, ref.display_name), matches)

    def _observed(self, kind: Kind) -> Sequence[Observed]:
        """The objects of the kind that were listed or searched, each once."""
        refs = [ref for ref in self.declared if ref.kind == kind.name]
        read = [*(self.matches.get(ref, ()) for ref in refs), self._listed.get(kind.name, ())]
        objects = chain.from_iterable(each for each in read if not isinstance(each, ServiceError))
        return list({observed.id: observed for observed in objects}.values())

    def _problems(self) -> dict[DeclaredKey, Reason]:
        """The declared objects that could not be searched, or whose names are not known to be
        free.
        """
        reasons: dict[DeclaredKey, Reason] = {}
        for ref in self.declared:
            free = self._name_is_free(ref)
            read = self._listed[ref.kind] if free else self.matches.get(ref, ())
            if isinstance(read, ServiceError):
                reasons[ref.key, ()] = reason("object_unreadable", error=read.with_hint())
        return reasons


def of_same_name(ref: ObjectRef, objects: Read) -> list[Observed]:
    """The objects with the name of a reference by name."""
    if ref.id is not None or isinstance(objects, ServiceError):
        return []
    name = folded(ref.display_name)
    return [other for other in objects if folded(other.ref.display_name) == name]


def unreadable(error: ServiceError) -> Reason:
    """Why nothing is known about what is in a parent."""
    return reason("parent_unreadable", error=error.with_hint())
