"""How catalogs are read and written: listed, found by id or by name, created, updated. "Absent" is
never a guess.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.errors import (
    ServiceAnswerError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.kinds.catalog.wire import observe
from reconciler.model.graph import Graph, Request
from reconciler.model.kind import Api, Body
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents

log = logging.getLogger("reconciler.kinds")

NAMES_PER_LOOK_UP = 15
"""As many as Graph's known issues allow in an `in` clause; more would save little (ADR 0018)."""
MAX_FILTER_LENGTH = 1_500
"""Characters of the percent-encoded filter: the URL stays below the 2,048 that Graph's known issues
name.
"""


async def list_catalogs(graph: Graph, _parents: Parents = ()) -> tuple[Observed, ...]:
    """Every catalog of the tenant (docs/graph.md §1.1)."""
    listed = await graph.pages(Request.to(graph.entitlement.catalogs))
    return tuple(observe((), body) for body in listed)


async def get_catalog(graph: Graph, _parents: Parents, catalog_id: str) -> Observed | None:
    """One catalog; None if Graph answers 404.

    Raises:
        ServiceError: the answer is not that catalog.
    """
    try:
        answer = await graph.read(Request.to(_one(graph, catalog_id)))
    except ServiceRefusalError as error:
        if error.status == 404:
            return None
        raise
    catalog = observe((), answer.body)
    if catalog.id != catalog_id.lower():
        raise ServiceAnswerError(
            f"Graph returned catalog {catalog.id} instead of {catalog_id}.",
            request_id=answer.request_id,
        )
    return catalog


async def find_catalogs(
    graph: Graph, refs: Sequence[ObjectRef]
) -> dict[ObjectRef, list[Observed] | ServiceError]:
    """For each reference the catalogs that match it, or the error of searching for it.

    One request looks up several names; a name that it does not find is looked up alone, since it is
    not documented whether Graph, or a proxy before it, accepts `or` in this `$filter`
    (docs/graph.md §1.3): an error costs this one request and has no other effect.

    Raises:
        ServiceUnansweredError: Graph has not answered any HTTP request of this run.
    """
    from reconciler.network.concurrent import concurrently  # asyncio, which `validate` needs not

    together = await _look_up(graph, [str(ref.display_name) for ref in refs if ref.id is None])

    async def matches_of(ref: ObjectRef) -> list[Observed] | ServiceError:
        """The matches of one reference."""
        try:
            return together.get(folded(ref.display_name)) or await _find(graph, ref)
        except ServiceError as error:
            if isinstance(error, ServiceUnansweredError) and not graph.answered:
                raise
            return error

    return dict(zip(refs, await concurrently(map(matches_of, refs)), strict=True))


def batches(refs: Sequence[ObjectRef]) -> Iterator[list[ObjectRef]]:
    """The references in groups whose names fit into the filter of one look-up; ids are alone."""
    batch: list[ObjectRef] = []
    for ref in (ref for ref in refs if ref.id is None):
        longer = [*batch, ref]
        if batch and (len(longer) > NAMES_PER_LOOK_UP or _length(longer) > MAX_FILTER_LENGTH):
            yield batch
            longer = [ref]
        batch = longer
    if batch:
        yield batch
    yield from ([ref] for ref in refs if ref.id is not None)


def create(graph: Graph, _parents: Parents, body: Body) -> Request:
    """POST a new catalog (docs/graph.md §1.1)."""
    return Request.to(graph.entitlement.catalogs, "POST", body.members)


def update(graph: Graph, _parents: Parents, ref: ObjectRef, body: Body) -> Request:
    """PATCH the members of a catalog that differ (docs/graph.md §1.1)."""
    return Request.to(_one(graph, str(ref.id)), "PATCH", body.members)


def name_filter(name: str) -> str:
    """The `$filter` expression for one display name; a quote inside it is doubled.

    Source: docs/graph.md §1.3.
    """
    literal = name.replace("'", "''")
    return f"displayName eq '{literal}'"


def _one(graph: Graph, catalog_id: str) -> Any:
    return graph.entitlement.catalogs.by_access_package_catalog_id(catalog_id)


async def _find(graph: Graph, ref: ObjectRef) -> list[Observed]:
    if ref.id is not None:
        catalog = await get_catalog(graph, (), ref.id)
        return [catalog] if catalog else []
    return await _named(graph, [str(ref.display_name)])


async def _look_up(graph: Graph, names: Sequence[str]) -> dict[str, list[Observed]]:
    """The catalogs of several names, by folded name; none for fewer than two names."""
    matches: dict[str, list[Observed]] = {}
    if len(names) < 2:
        return matches
    try:
        for catalog in await _named(graph, names, retry_unclear=False):
            matches.setdefault(folded(catalog.ref.display_name), []).append(catalog)
    except ServiceError as error:
        if isinstance(error, ServiceUnansweredError) and error.not_sent and not graph.answered:
            raise
        log.info(
            "%s Looking up each of the %d catalogs with a request of its own.", error, len(names)
        )
    return matches


async def _named(
    graph: Graph, names: Sequence[str], *, retry_unclear: bool = True
) -> list[Observed]:
    """The catalogs with one of the names, each once; names are compared here too."""
    wanted = {folded(name) for name in names}
    any_name = " or ".join(map(name_filter, names))
    request = Request.to(graph.entitlement.catalogs, filter=any_name)
    listed = await graph.pages(request, retry_unclear=retry_unclear)
    catalogs = [observe((), body) for body in listed]
    named = [each for each in catalogs if folded(each.ref.display_name) in wanted]
    return list({catalog.id: catalog for catalog in named}.values())


def _length(refs: Sequence[ObjectRef]) -> int:
    filters = (name_filter(str(ref.display_name)) for ref in refs)
    return sum(len(quote(text, errors="replace")) for text in filters)


API = Api(
    list=list_catalogs,
    get=get_catalog,
    find=find_catalogs,
    batches=batches,
    create=create,
    update=update,
)
