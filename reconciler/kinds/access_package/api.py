"""How access packages are read: those of a catalog, and one by its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reconciler.errors import GraphAnswerError, GraphError, GraphRefusalError
from reconciler.model.answers import expanded_list, expanded_object, identifier, text_or_none
from reconciler.model.graph import Graph, Request, read_or_none
from reconciler.model.json_values import JsonObject
from reconciler.model.kind import Api, Found
from reconciler.model.objects import NAME, ObjectRef, Observed, Parents

_NOT_ALL_SEEN = (
    "The identity may not see all access packages: grant it EntitlementManagement.Read.All, or the"
    " role Catalog reader on the catalog."
)


async def list_access_packages(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """Every access package of the catalog. That there is none must be seen in two ways.

    Raises:
        GraphError: they could not be read, or the two ways differ.
        Source: docs/graph.md §7.2.
    """
    catalog = parents[0]
    bodies = [body for body in await _listed(graph, catalog) if _catalog_id(body) == catalog.id]
    inside = [observe(parents, body) for body in bodies]
    packages = {package.id: package for package in inside}
    if not packages:
        await _confirm_none(graph, catalog)
    return tuple(packages.values())


async def search_access_packages(
    graph: Graph, parents: Parents, refs: Sequence[ObjectRef]
) -> Found:
    """Every access package of the catalog. That one which a reference names is not there must be
    seen in two ways.

    Raises:
        GraphError: they could not be read.
        Source: docs/graph.md §7.2.
    """
    listed = {each.id: each for each in await list_access_packages(graph, parents)}
    if not _unnamed(refs, listed.values()):
        return Found(tuple(listed.values()))
    packages = [observe(parents, body) for body in await _in_catalog(graph, parents[0])]
    inside = {package.id: package for package in packages}
    either = {**inside, **listed}
    errors: dict[ObjectRef, GraphError] = {}
    if inside.keys() != listed.keys():
        doubt = _two_ways_differ(parents[0], len(listed), len(inside))
        errors = dict.fromkeys(_unnamed(refs, either.values()), doubt)
    return Found(tuple(either.values()), errors=errors)


def _unnamed(refs: Iterable[ObjectRef], packages: Iterable[Observed]) -> list[ObjectRef]:
    """The references that name none of the packages."""
    known = [package.ref for package in packages]
    return [ref for ref in refs if not any(map(ref.names, known))]


async def get_access_package(graph: Graph, parents: Parents, package_id: str) -> Observed | None:
    """One access package; None if Graph answers 404.

    Raises:
        GraphError: the answer is not that access package.
    """
    builder = graph.entitlement.access_packages.by_access_package_id(package_id)
    answer = await read_or_none(graph, Request.to(builder))
    if answer is None:
        return None
    package = observe(parents, answer.body)
    if package.id.lower() != package_id.lower():
        raise GraphAnswerError(
            f"Graph returned access package {package.id} instead of {package_id}.",
            request_id=answer.request_id,
        )
    return package


def observe(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The access package in the body of an answer.

    Raises:
        GraphAnswerError: the body has no usable id.
    """
    name = text_or_none(body.get("displayName"))
    ref = ObjectRef("access_package", identifier(body, "an access package"), name)
    return Observed(ref, parents, {NAME: name}, body)


async def _listed(graph: Graph, catalog: ObjectRef) -> list[JsonObject]:
    """The access packages of the catalog, and of others if Graph does not filter by it: whether it
    does is open (docs/graph.md §7.2).
    """
    builder = graph.entitlement.access_packages
    try:
        ours = f"catalog/id eq '{catalog.id}'"
        return await graph.pages(Request.to(builder, filter=ours, expand="catalog"))
    except GraphRefusalError as error:
        if error.status != 400:
            raise
    return await graph.pages(Request.to(builder, expand="catalog"))


def _catalog_id(body: Mapping[str, Any]) -> str:
    return identifier(expanded_object(body, "catalog", "an access package"), "a catalog")


async def _confirm_none(graph: Graph, catalog: ObjectRef) -> None:
    seen = await _in_catalog(graph, catalog)
    if seen:
        raise _two_ways_differ(catalog, 0, len(seen))


async def _in_catalog(graph: Graph, catalog: ObjectRef) -> list[Mapping[str, Any]]:
    """The access packages as the catalog itself shows them."""
    builder = graph.entitlement.catalogs.by_access_package_catalog_id(str(catalog.id))
    answer = await graph.read(Request.to(builder, expand="accessPackages"))
    return expanded_list(answer.body, "accessPackages", "a catalog")


def _two_ways_differ(catalog: ObjectRef, listed: int, inside: int) -> GraphAnswerError:
    return GraphAnswerError(
        f"The list of access packages has {listed or 'none'} of the catalog {catalog}, and the"
        f" catalog itself has {inside}.",
        hint=_NOT_ALL_SEEN,
    )


API = Api(list=list_access_packages, get=get_access_package, search=search_access_packages)
