"""Reading Graph: catalogs by id or by a unique name, and their extensions. "Absent" is never a
guess.
"""

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
from reconciler.graph.requests import name_filter
from reconciler.graph.wire import identifier, observed_extension
from reconciler.model.canonical import GUID
from reconciler.model.extension import Catalog, ObservedCatalog, ObservedExtension

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

T = TypeVar("T")

log = logging.getLogger("reconciler.graph")

NAMES_PER_LOOK_UP = 15
"""As many as Graph's known issues allow in an `in` clause; more names would save little (ADR 0018).
"""
MAX_EXTENSIONS = 5_000
"""In one catalog: ten times what a tenant may hold; a plan for 50,000 of them needs 1 GB."""
MAX_FILTER_LENGTH = 1_500
"""Characters of the percent-encoded filter: the URL stays below the 2,048 that Graph's known issues
name.
"""


async def observe(
    graph: GraphClient, desired: Sequence[Catalog], advance: Callable[[], None] = lambda: None
) -> list[ObservedCatalog]:
    """Each desired catalog as observed, in the given order; catalogs are read concurrently.

    The reason of an absent catalog names the most similar existing names. `advance` is called after
    each catalog.

    Raises:
        AuthenticationError: Graph rejects the token.
        GraphUnansweredError: Graph has not answered any HTTP request of this run.
    """

    async def observe_catalog(catalog: Catalog, matches: Sequence[Catalog]) -> ObservedCatalog:
        """Reads one catalog and reports progress."""
        observed = await _observe_catalog(graph, catalog, matches)
        advance()
        return observed

    async def observe_group(group: Sequence[Catalog]) -> list[ObservedCatalog]:
        """Looks up a group of catalogs with one request, then reads them concurrently."""
        matches = await _look_up(
            graph, [str(catalog.display_name) for catalog in group if catalog.id is None]
        )
        return await concurrently(
            observe_catalog(catalog, matches.get(_key(catalog), ())) for catalog in group
        )

    by_name = [catalog for catalog in desired if catalog.id is None]
    groups = [*_groups(by_name), *([catalog] for catalog in desired if catalog.id is not None)]
    read = dict(
        zip(chain(*groups), chain(*await concurrently(map(observe_group, groups))), strict=True)
    )
    observed = [read[catalog] for catalog in desired]
    if not any(catalog.read == "absent" and catalog.catalog.id is None for catalog in observed):
        return observed
    try:
        names = [str(catalog) for catalog in await list_catalogs(graph)]
    except GraphError as error:
        names, because = [], f" (the existing names could not be listed: {with_hint(error)})"
    else:
        because = ""
    return [_with_nearest_names(catalog, names, because) for catalog in observed]


async def observe_listed(
    graph: GraphClient, listed: Sequence[Catalog], advance: Callable[[], None] = lambda: None
) -> list[ObservedCatalog]:
    """Each of these catalogs, which Graph has listed, as observed, in the given order.

    Raises:
        AuthenticationError: Graph rejects the token.
    """

    async def observe_catalog(catalog: Catalog) -> ObservedCatalog:
        """Reads one catalog and reports progress."""
        observed = await _observe_catalog(graph, catalog, [catalog])
        advance()
        return observed

    return await concurrently(observe_catalog(catalog) for catalog in listed)


async def concurrently(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order; the first error cancels the rest and is raised as it is, not in a
    group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in work]
    except ExceptionGroup as errors:  # callers handle ReconcilerError, not groups
        # Not in `except*`: before Python 3.11.4 that wraps what is raised in it into a group again
        # (gh-103590).
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def list_catalogs(graph: GraphClient) -> list[Catalog]:
    """Every catalog of the tenant (docs/graph.md §1.1)."""
    return [_catalog(body) for body in await graph.pages(graph.requests.catalogs())]


async def list_extensions(graph: GraphClient, catalog_id: str) -> tuple[ObservedExtension, ...]:
    """Every extension of the catalog, from all pages; an extension on two pages counts once
    (docs/graph.md §1.4).
    """
    listed = await graph.pages(graph.requests.extensions(catalog_id), max_items=MAX_EXTENSIONS)
    extensions = [observed_extension(body) for body in listed]
    return tuple({extension.id: extension for extension in extensions}.values())


async def get_extension(
    graph: GraphClient, catalog_id: str, extension_id: str
) -> ObservedExtension | None:
    """One extension as it is now; None if Graph answers 404.

    Raises:
        GraphError: the answer is not that extension; a write must not use another id.
    """
    try:
        answer = await graph.send(graph.requests.extension(catalog_id, extension_id))
    except GraphRefusalError as error:
        if error.status == 404:
            return None
        raise
    extension = observed_extension(answer.body)
    if extension.id.lower() != extension_id.lower():
        raise GraphAnswerError(
            f"Graph returned extension {extension.id} instead of {extension_id}.",
            request_id=answer.request_id,
        )
    return extension


def _groups(by_name: Sequence[Catalog]) -> Iterator[list[Catalog]]:
    """The catalogs in groups that fit into the filter of one look-up."""
    group: list[Catalog] = []
    for catalog in by_name:
        longer = [*group, catalog]
        if group and (len(longer) > NAMES_PER_LOOK_UP or _length(longer) > MAX_FILTER_LENGTH):
            yield group
            longer = [catalog]
        group = longer
    if group:
        yield group


def _length(group: Sequence[Catalog]) -> int:
    return sum(
        len(quote(name_filter(str(catalog.display_name)), errors="replace")) for catalog in group
    )


def _key(catalog: Catalog) -> str:
    return (catalog.display_name or "").casefold()


async def _look_up(graph: GraphClient, names: Sequence[str]) -> dict[str, list[Catalog]]:
    """The catalogs of several names, by case-folded name; a name that is missing is to be looked up
    alone.

    It is not documented whether Graph, or a proxy before it, accepts `or` in this `$filter`
    (docs/graph.md §1.3): an error costs this one request and has no other effect.
    """
    if len(names) < 2:
        return {}
    matches: dict[str, list[Catalog]] = {}
    try:
        for catalog in await _named(graph, names, retry_unclear=False):
            matches.setdefault(_key(catalog), []).append(catalog)
    except GraphError as error:
        if isinstance(error, GraphUnansweredError) and error.not_sent and not graph.answered:
            raise
        log.info(
            "%s Looking up each of the %d catalogs with a request of its own.", error, len(names)
        )
    return matches


async def _named(
    graph: GraphClient, names: Sequence[str], *, retry_unclear: bool = True
) -> list[Catalog]:
    """The catalogs with one of the names, each once; names are compared here too, ignoring case."""
    keys = {name.casefold() for name in names}
    listed = [
        _catalog(body)
        for body in await graph.pages(graph.requests.catalogs(*names), retry_unclear=retry_unclear)
    ]
    return list({catalog.id: catalog for catalog in listed if _key(catalog) in keys}.values())


async def _observe_catalog(
    graph: GraphClient, desired: Catalog, matches: Sequence[Catalog] = ()
) -> ObservedCatalog:
    """One catalog as observed; after it was found, its id and name are kept even if listing its
    extensions fails.

    With `matches` from a look-up it is not searched for again.
    """
    known = desired
    try:
        matches = matches or await _find(graph, desired)
        if not matches:
            return ObservedCatalog(desired, "absent", because=_absent(desired))
        if len(matches) > 1:
            ids = ", ".join(sorted(str(catalog.id) for catalog in matches))
            because = (
                f"{len(matches)} catalogs have this name ({ids}); select one with catalog:"
                " {id: …}"
            )
            return ObservedCatalog(desired, "unreadable", because=because)
        known = matches[0]
        return ObservedCatalog(known, "complete", await list_extensions(graph, str(known.id)))
    except GraphError as error:
        if isinstance(error, GraphUnansweredError) and not graph.answered:
            raise
        return ObservedCatalog(
            known, "unreadable", because=f"the catalog could not be read: {with_hint(error)}"
        )


def _absent(desired: Catalog) -> str:
    if desired.id is not None:
        return "no catalog has this id; correct it, or use the catalog's name"
    if GUID.fullmatch(desired.display_name or ""):
        return "no catalog has this name; it looks like an id: write catalog: {id: …}"
    return "no catalog has this name"


async def _find(graph: GraphClient, desired: Catalog) -> list[Catalog]:
    """The catalogs that match the id or the name."""
    if desired.id is not None:
        try:
            answer = await graph.send(graph.requests.catalog(desired.id))
        except GraphRefusalError as error:
            if error.status == 404:
                return []
            raise
        catalog = _catalog(answer.body)
        if catalog.id != desired.id.lower():
            raise GraphAnswerError(
                f"Graph returned catalog {catalog.id} instead of {desired.id}.",
                request_id=answer.request_id,
            )
        return [catalog]
    return await _named(graph, [str(desired.display_name)])


def _catalog(body: dict[str, Any]) -> Catalog:
    name = body.get("displayName")
    return Catalog(identifier(body, "a catalog").lower(), name if isinstance(name, str) else None)


def _with_nearest_names(
    observed: ObservedCatalog, names: Sequence[str], because: str
) -> ObservedCatalog:
    if observed.read != "absent" or observed.catalog.id is not None:
        return observed
    folded = {name.casefold(): name for name in names}
    nearest = difflib.get_close_matches(str(observed.catalog).casefold(), folded, n=3)
    listed = ", ".join(f'"{folded[name]}"' for name in nearest)
    hint = f"did you mean {listed}?" if nearest else "create it first, or correct the name"
    return replace(observed, because=f"{observed.because}; {hint}{because}")


def with_hint(error: GraphError) -> str:
    """The message of a failed read with its hint: the same for every command that reads."""
    hint = error.hint if isinstance(error, GraphRefusalError) else None
    return f"{error} {hint or RETRY}"
