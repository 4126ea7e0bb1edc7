"""The objects that files declare, of kinds that are read on demand: from the outer parents to the
inner ones, and only in those that are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.errors import ServiceError
from reconciler.model.graph import Graph
from reconciler.model.kind import Found, Kind, Kinds
from reconciler.model.names import folded
from reconciler.model.objects import (
    DeclaredKey,
    Desired,
    ObjectRef,
    Observed,
    ObservedScope,
    Parents,
)
from reconciler.model.reason import Reason, reason
from reconciler.model.wording import similar_names
from reconciler.network.concurrent import concurrently


async def with_declared(
    graph: Graph, kinds: Kinds, scope: ObservedScope, declared: Iterable[Desired]
) -> ObservedScope:
    """The scope, which was read, with what is declared in it of kinds that are read on demand; its
    problems say which of them could not be read, or do not exist.

    Raises:
        AuthenticationError: Graph rejects the token.
    """
    if scope.parent is None or scope.read != "complete":
        return scope
    reading, declared = _Reading(graph, kinds), list(declared)
    for kind in kinds:
        own = [each for each in declared if kind.on_demand and each.ref.kind == kind.name]
        if own:
            await reading.inside((scope.parent,), kind, own)
    objects = {(each.ref.kind, each.id): each for each in (*scope.objects, *reading.objects)}
    problems = {**scope.problems, **reading.problems}
    return replace(scope, objects=tuple(objects.values()), problems=problems)


class _Reading:
    """Searches for declared objects of one Graph; `objects` and `problems` grow."""

    def __init__(self, graph: Graph, kinds: Kinds) -> None:
        self._graph = graph
        self._kinds = kinds
        self.objects: list[Observed] = []
        self.problems: dict[DeclaredKey, Reason] = {}

    async def inside(self, parents: Parents, kind: Kind, declared: Sequence[Desired]) -> None:
        """Reads the declared objects of one kind, which are inside these parents at some depth."""
        depth, innermost = len(parents), len(parents) == len(kind.parents)
        searched = kind if innermost else self._kinds.named(kind.parents[depth])
        refs = {each.key: each.ref if innermost else each.parents[depth] for each in declared}
        search = await self._found(searched, parents, list(dict.fromkeys(refs.values())))
        self.objects += search.objects
        groups: dict[ObjectRef, list[Desired]] = {}
        for each in declared:
            match = self._match(refs[each.key], search, each, parents)
            if match is not None:
                groups.setdefault(match, []).append(each)
        if not innermost:
            inner = (self.inside((*parents, ref), kind, own) for ref, own in groups.items())
            await concurrently(inner)

    async def _found(self, kind: Kind, parents: Parents, refs: Sequence[ObjectRef]) -> Found:
        if kind.api.search is None:
            raise AssertionError("a kind that is read on demand can be searched")
        try:
            return await kind.api.search(self._graph, parents, refs)
        except ServiceError as error:
            return Found((), errors=dict.fromkeys(refs, error))

    def _match(
        self, ref: ObjectRef, search: Found, declared: Desired, parents: Parents
    ) -> ObjectRef | None:
        """The one object that the reference names; otherwise None, perhaps with a problem."""
        matches = [each.ref for each in search.objects if ref.names(each.ref)]
        error = search.errors.get(ref)
        if error is not None:
            why = reason("object_unreadable", error=error.with_hint())
            self.problems[declared.key] = why
        elif not matches:
            self.problems[declared.key] = _absent(ref, search, parents)
        return matches[0] if len(matches) == 1 and error is None else None


def _absent(ref: ObjectRef, search: Found, parents: Parents) -> Reason:
    """Why a declared object does not exist: the most similar names are shown."""
    known = [*(each.ref for each in search.objects), *search.others]
    names = {folded(other.display_name): str(other) for other in known}
    nearest = similar_names(folded(ref.display_name), names)
    return reason(
        "not_there",
        other_kind=ref.kind,
        name=str(ref),
        inside_kind=parents[-1].kind,
        inside=str(parents[-1]),
        by="id" if ref.id else "name",
        nearest=[names[name] for name in nearest],
    )
