"""Who refers to objects of a kind: read on demand, in two ways. That nobody else does is only
concluded if both agree (ADR 0026).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from itertools import chain
from typing import TypeAlias, TypeVar

from reconciler.app.counting import counting
from reconciler.app.runs import Progress
from reconciler.app.shared_listings import SharedListings
from reconciler.errors import ServiceAnswerError, ServiceError
from reconciler.loader.format import noun
from reconciler.model.graph import Graph
from reconciler.model.kind import Kind, Kinds
from reconciler.model.objects import ObjectRef, Observed, Parents, Referring
from reconciler.model.wording import enumerated
from reconciler.network.concurrent import concurrently
from reconciler.plan.dependencies import Identity, identity

T = TypeVar("T")
SHOWN_IDS = 3
"""Of the objects that one way does not show, in a message."""


async def observe_referring(
    graph: Graph,
    kinds: Kinds,
    kind_name: str,
    scopes: Sequence[Parents],
    advance: Callable[[], None] = lambda: None,
) -> list[Referring]:
    """For each scope, whose parents have ids and which is `()` for the whole tenant: the live
    objects inside it that can refer to objects of this kind, all of the kinds that refer to it and
    are read on demand.

    An error is not raised: what can be read is returned, and `incomplete` says why there may be
    more. `advance` is called after each scope.

    Raises:
        AuthenticationError: Graph rejects the token.
    """
    referring, shared = kinds.referring_to(kind_name), SharedListings(graph)
    located = await concurrently(_located(shared, kind) for kind in referring)

    async def inside(scope: Parents) -> Referring:
        """What can refer to the objects of one scope."""
        pairs = zip(referring, located, strict=True)
        searches = [_Search(shared, kinds, kind, places) for kind, places in pairs]
        objects = await concurrently(search.objects(scope) for search in searches)
        advance()
        problems = dict.fromkeys(chain.from_iterable(search.problems for search in searches))
        return Referring(
            tuple(chain.from_iterable(objects)),
            " ".join(problems) or None,
            tuple(chain.from_iterable(search.parents for search in searches)),
        )

    return await concurrently(map(inside, scopes))


async def referring_inside(
    graph: Graph, kinds: Kinds, kind_name: str, parents: Sequence[ObjectRef], progress: Progress
) -> dict[ObjectRef, Referring]:
    """The same for each of these outermost parents; without one nothing is read."""
    if not parents:
        return {}
    read = counting("reading what uses them", len(parents), progress)
    places = [(parent,) for parent in parents]
    referring = await observe_referring(graph, kinds, kind_name, places, read)
    return dict(zip(parents, referring, strict=True))


Located: TypeAlias = "Sequence[tuple[Parents, ObjectRef]] | ServiceError"
"""Every object of a kind in the tenant with its parents, or why they could not be read."""


async def _located(graph: Graph, kind: Kind) -> Located | None:
    """What the second way shows, read once for all scopes; None for a kind that has none."""
    if kind.api.locate is None:
        return None
    try:
        return [*await kind.api.locate(graph)]
    except ServiceError as error:
        return error


class _Search:
    """Searches all objects of a kind. It goes on after an error: what was read stays known."""

    def __init__(self, graph: Graph, kinds: Kinds, kind: Kind, located: Located | None) -> None:
        self._graph = graph
        self._kinds = kinds
        self._kind = kind
        self._located = located
        self.problems: list[str] = []
        self.parents: list[ObjectRef] = []

    async def objects(self, parents: Parents) -> list[Observed]:
        """Every object inside these parents that either way shows."""
        every = await self._of_either_way(parents)
        self.problems += [each.incomplete for each in every if each.incomplete]
        return every

    async def _of_either_way(self, parents: Parents) -> list[Observed]:
        listed = {identity(each.ref, each.parents): each for each in await self._listed(parents)}
        if self._located is None:
            return [*listed.values()]
        located = {identity(ref, outer): (outer, ref) for outer, ref in self._inside(parents)}
        if listed.keys() != located.keys() and not self.problems:
            self.problems.append(_difference(self._kind, listed.keys(), located.keys()))
        unlisted = [place for key, place in located.items() if key not in listed]
        read = await concurrently(self._whole(*place) for place in unlisted)
        return [*listed.values(), *chain.from_iterable(read)]

    def _inside(self, parents: Parents) -> Iterator[tuple[Parents, ObjectRef]]:
        """What the second way shows inside these parents; after an error nothing, and a problem."""
        if isinstance(self._located, ServiceError):
            self.problems.append(self._located.with_hint())
            return
        for outer, ref in self._located or ():
            if [each.id for each in outer[: len(parents)]] == [each.id for each in parents]:
                yield outer, ref

    async def _listed(self, parents: Parents) -> list[Observed]:
        """From the outer parents to the inner ones: each lists what is in it."""
        places = [parents]
        for name in self._kind.parents[len(parents) :]:
            inner = await self._in_each(self._kinds.named(name), places)
            self.parents += [each.ref for each in inner]
            places = [(*each.parents, each.ref) for each in inner]
        return await self._in_each(self._kind, places)

    async def _in_each(self, kind: Kind, places: Iterable[Parents]) -> list[Observed]:
        listings = (self._tried(kind.api.list(self._graph, place)) for place in places)
        return [*chain.from_iterable(await concurrently(listings))]

    async def _whole(self, parents: Parents, ref: ObjectRef) -> list[Observed]:
        return await self._tried(self._present(parents, ref))

    async def _present(self, parents: Parents, ref: ObjectRef) -> list[Observed]:
        observed = await self._kind.api.get(self._graph, parents, str(ref.id))
        if observed is None:
            raise ServiceAnswerError(f"Graph lists {ref} ({ref.id}), but answers 404 for it alone.")
        return [observed]

    async def _tried(self, reading: Awaitable[Iterable[T]]) -> list[T]:
        """What was read; after an error nothing, and a problem."""
        try:
            return [*await reading]
        except ServiceError as error:
            self.problems.append(error.with_hint())
            return []


def _difference(kind: Kind, listed: Set[Identity], located: Set[Identity]) -> str:
    """Which objects only one of the two ways shows, and what to do."""
    inner = noun(kind.parents[-1])
    parts = [
        f"{_ids(only)} only {where}"
        for only, where in (
            (located - listed, "in the list of all"),
            (listed - located, f"in their {inner}"),
        )
        if only
    ]
    permission = kind.permission.read_all or kind.permission.write
    return (
        f"Two ways of reading the {kind.plural} differ: {enumerated(parts)}. An identity with a"
        f" role in one {noun(kind.parents[0])} only does not always see all of them: grant it"
        f" {permission}. If it has that permission, retry."
    )


def _ids(identities: Set[Identity]) -> str:
    """The ids of these objects, some of them if there are many."""
    ids = sorted(object_id for (_, object_id), _ in identities)
    more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
    return ", ".join(ids[:SHOWN_IDS]) + more
