"""What is live: catalogs found by id or by exactly one name, and the extensions in them. Absent is never guessed."""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from reconciler.errors import GraphAnswerError, GraphError, GraphRefusalError, GraphUnansweredError
from reconciler.graph.failures import RETRY
from reconciler.graph.requests import named
from reconciler.graph.wire import identifier, observed_extension
from reconciler.model.canonical import GUID
from reconciler.model.extension import Catalog, ObservedCatalog, ObservedExtension

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

T = TypeVar("T")

log = logging.getLogger("reconciler.graph")

NAMES_A_LOOK_UP = 15
"""As many as Graph's known issues allow in an `in` clause; each name more saves less (ADR 0018)."""
MOST_EXTENSIONS = 5_000
"""In one catalog: ten times what a tenant may hold; to plan 50,000 of them takes 1 GB."""
LONGEST_LOOK_UP = 1_500
"""Characters of the filter, percent-encoded: the address stays below the 2,048 that Graph's known issues name."""


async def observe(
    graph: GraphClient, declared: Sequence[Catalog], advance: Callable[[], None] = lambda: None
) -> list[ObservedCatalog]:
    """What is live for each declared catalog, in the given order; reads run side by side.

    An absent catalog that was named gets the nearest existing names. `advance` is called as each catalog is done.

    Raises:
        AuthenticationError: Graph refuses the token.
        GraphUnansweredError: Graph gave no HTTP answer at all in this run.
    """

    async def one(catalog: Catalog, found: Sequence[Catalog]) -> ObservedCatalog:
        """Reads one catalog and tells that it is done."""
        observed = await _observe_one(graph, catalog, found)
        advance()
        return observed

    async def several(group: Sequence[Catalog]) -> list[ObservedCatalog]:
        """Looks for a group of catalogs at once, then reads them side by side."""
        found = await _look_up(graph, [str(catalog.display_name) for catalog in group if catalog.id is None])
        return await side_by_side(one(catalog, found.get(_key(catalog), ())) for catalog in group)

    by_name = [catalog for catalog in declared if catalog.id is None]
    groups = [*_groups(by_name), *([catalog] for catalog in declared if catalog.id is not None)]
    read = dict(zip(chain(*groups), chain(*await side_by_side(map(several, groups))), strict=True))
    observed = [read[catalog] for catalog in declared]
    if not any(item.read == "absent" and item.catalog.id is None for item in observed):
        return observed
    try:
        names = [str(found) for found in await list_catalogs(graph)]
    except GraphError as error:
        names, because = [], f" (the existing names could not be listed: {with_way_out(error)})"
    else:
        because = ""
    return [_with_nearest_names(item, names, because) for item in observed]


async def observe_listed(
    graph: GraphClient, listed: Sequence[Catalog], advance: Callable[[], None] = lambda: None
) -> list[ObservedCatalog]:
    """What is live in each of these catalogs, which Graph itself has listed, in the given order.

    Raises:
        AuthenticationError: Graph refuses the token.
    """

    async def one(catalog: Catalog) -> ObservedCatalog:
        """Reads one catalog and tells that it is done."""
        observed = await _observe_one(graph, catalog, [catalog])
        advance()
        return observed

    return await side_by_side(one(catalog) for catalog in listed)


async def side_by_side(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order; the first of our errors cancels the rest and comes out as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as errors:  # callers know ReconcilerError, not groups
        # Not in `except*`: before Python 3.11.4 that wraps what is raised in it into a group again (gh-103590).
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def list_catalogs(graph: GraphClient) -> list[Catalog]:
    """Every catalog of the tenant (docs/graph.md §1.1)."""
    return [_catalog(item) for item in await graph.pages(graph.requests.catalogs())]


async def list_extensions(graph: GraphClient, catalog_id: str) -> tuple[ObservedExtension, ...]:
    """Every extension of the catalog, over all pages; one that two pages repeat counts once (docs/graph.md §1.4)."""
    listed = await graph.pages(graph.requests.extensions(catalog_id), most_items=MOST_EXTENSIONS)
    found = [observed_extension(item) for item in listed]
    return tuple({extension.id: extension for extension in found}.values())


async def get_extension(graph: GraphClient, catalog_id: str, extension_id: str) -> ObservedExtension | None:
    """One extension as it is now; None when Graph answers 404.

    Raises:
        GraphError: anything else than that extension was answered; a write would go to whatever id came.
    """
    try:
        answer = await graph.send(graph.requests.extension(catalog_id, extension_id))
    except GraphRefusalError as error:
        if error.status == 404:
            return None
        raise
    found = observed_extension(answer.body)
    if found.id.lower() != extension_id.lower():
        raise GraphAnswerError("Graph answered with another extension.", request_id=answer.request_id)
    return found


def _groups(by_name: Sequence[Catalog]) -> Iterator[list[Catalog]]:
    """The catalogs in groups that one look-up can name."""
    group: list[Catalog] = []
    for catalog in by_name:
        longer = [*group, catalog]
        if group and (len(longer) > NAMES_A_LOOK_UP or _length(longer) > LONGEST_LOOK_UP):
            yield group
            longer = [catalog]
        group = longer
    if group:
        yield group


def _length(group: Sequence[Catalog]) -> int:
    return sum(len(quote(named(str(catalog.display_name)), errors="replace")) for catalog in group)


def _key(catalog: Catalog) -> str:
    return (catalog.display_name or "").casefold()


async def _look_up(graph: GraphClient, names: Sequence[str]) -> dict[str, list[Catalog]]:
    """The catalogs of each of several names, by name in small letters; a name that is missing is to be asked alone.

    Whether Graph, or what stands before it, takes `or` in this `$filter` is open (docs/graph.md §1.3 shows it without):
    a refusal, and any other failure, costs this one request and decides nothing.
    """
    if len(names) < 2:
        return {}
    found: dict[str, list[Catalog]] = {}
    try:
        for catalog in await _named(graph, names, in_doubt=False):
            found.setdefault(_key(catalog), []).append(catalog)
    except GraphError as error:
        if isinstance(error, GraphUnansweredError) and error.never_left and not graph.answered:
            raise
        log.info("%s Each of the %d catalogs is looked for alone.", error, len(names))
    return found


async def _named(graph: GraphClient, names: Sequence[str], *, in_doubt: bool = True) -> list[Catalog]:
    """The catalogs with one of the names, compared here too, ignoring case, whatever `$filter` does; each once."""
    wanted = {name.casefold() for name in names}
    listed = [_catalog(item) for item in await graph.pages(graph.requests.catalogs(*names), in_doubt=in_doubt)]
    return list({catalog.id: catalog for catalog in listed if _key(catalog) in wanted}.values())


async def _observe_one(graph: GraphClient, declared: Catalog, found: Sequence[Catalog] = ()) -> ObservedCatalog:
    """What is live for one catalog; once it was found, its id and name stay known even if listing it fails.

    What Graph has `found` already need not be looked for.
    """
    known = declared
    try:
        found = found or await _find(graph, declared)
        if not found:
            return ObservedCatalog(declared, "absent", because=_absent(declared))
        if len(found) > 1:
            ids = ", ".join(sorted(str(catalog.id) for catalog in found))
            because = f"{len(found)} catalogs have this name ({ids}); address one of them with catalog: {{id: …}}"
            return ObservedCatalog(declared, "unreadable", because=because)
        known = found[0]
        return ObservedCatalog(known, "complete", await list_extensions(graph, str(known.id)))
    except GraphError as error:
        if isinstance(error, GraphUnansweredError) and not graph.answered:
            raise
        return ObservedCatalog(known, "unreadable", because=f"the catalog could not be read: {with_way_out(error)}")


def _absent(declared: Catalog) -> str:
    if declared.id is not None:
        return "no catalog has this id; correct it, or address the catalog by its name"
    if GUID.fullmatch(declared.display_name or ""):
        return "no catalog has this name; it looks like an id: write catalog: {id: …}"
    return "no catalog has this name"


async def _find(graph: GraphClient, declared: Catalog) -> list[Catalog]:
    """The catalogs meant by the id or the name."""
    if declared.id is not None:
        try:
            answer = await graph.send(graph.requests.catalog(declared.id))
        except GraphRefusalError as error:
            if error.status == 404:
                return []
            raise
        found = _catalog(answer.body)
        if found.id != declared.id.lower():
            raise GraphAnswerError("Graph answered with another catalog.", request_id=answer.request_id)
        return [found]
    return await _named(graph, [str(declared.display_name)])


def _catalog(item: dict[str, Any]) -> Catalog:
    name = item.get("displayName")
    return Catalog(identifier(item, "a catalog").lower(), name if isinstance(name, str) else None)


def _with_nearest_names(item: ObservedCatalog, names: Sequence[str], because: str) -> ObservedCatalog:
    if item.read != "absent" or item.catalog.id is not None:
        return item
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(str(item.catalog).casefold(), folded, n=3)
    listed = ", ".join(f"“{folded[name]}”" for name in near)
    way_out = f"did you mean {listed}?" if near else "create it first, or correct the name"
    return replace(item, because=f"{item.because}; {way_out}{because}")


def with_way_out(error: GraphError) -> str:
    """What went wrong with a read, and what helps: the same for every command that reads."""
    hint = error.hint if isinstance(error, GraphRefusalError) else None
    return f"{error} {hint or RETRY}"
