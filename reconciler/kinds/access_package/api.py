"""How access packages are read: those of a catalog, and one by its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from reconciler.errors import ServiceAnswerError, ServiceError, ServiceRefusalError
from reconciler.model.answers import expanded_list, expanded_object, identifier, text_or_none
from reconciler.model.graph import Graph, Request, read_or_none, tried
from reconciler.model.kind import Api, Found
from reconciler.model.objects import NAME, ObjectRef, Observed, Parents

_NOT_ALL_SEEN = (
    "Possibly the identity does not see all access packages: grant it"
    " EntitlementManagement.Read.All, or the role Catalog reader on the catalog."
)


async def list_access_packages(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """Every access package of the catalog. That there is none must be seen in two ways.

    Raises:
        ServiceError: they could not be read, or the two ways differ.
        Source: docs/graph.md §7.2.
    """
    packages = await _listed(graph, parents)
    if not packages:
        inside = await _in_catalog(graph, parents)
        if inside:
            raise _two_ways_differ(parents[0], 0, len(inside))
    return packages


async def search_access_packages(
    graph: Graph, parents: Parents, refs: Sequence[ObjectRef]
) -> Found:
    """The access packages of the catalog that either of two ways shows. The second one is only
    needed for what the first does not show; what neither shows is absent only if both show the
    same others.

    Source: docs/graph.md §7.2.
    """
    listed = await tried(_listed(graph, parents))
    if not isinstance(listed, ServiceError) and not _unnamed(refs, listed):
        return Found(listed)
    inside = await tried(_in_catalog(graph, parents))
    shown = (way for way in (listed, inside) if not isinstance(way, ServiceError))
    either = {each.id: each for each in chain.from_iterable(shown)}
    doubt, errors = _doubt(listed, inside, parents[0]), dict[ObjectRef, ServiceError]()
    if doubt is not None:
        errors = dict.fromkeys(_unnamed(refs, either.values()), doubt)
    return Found(tuple(either.values()), errors=errors)


def _unnamed(refs: Iterable[ObjectRef], packages: Iterable[Observed]) -> list[ObjectRef]:
    """The references that name none of the packages."""
    known = [package.ref for package in packages]
    return [ref for ref in refs if not any(map(ref.names, known))]


def _doubt(
    listed: Sequence[Observed] | ServiceError,
    inside: Sequence[Observed] | ServiceError,
    of: ObjectRef,
) -> ServiceError | None:
    """Why there may be more access packages than either way shows."""
    if isinstance(listed, ServiceError):
        return listed
    if isinstance(inside, ServiceError):
        return inside
    if {each.id for each in listed} == {each.id for each in inside}:
        return None
    return _two_ways_differ(of, len(listed), len(inside))


async def get_access_package(graph: Graph, parents: Parents, package_id: str) -> Observed | None:
    """One access package; None if Graph answers 404.

    Raises:
        ServiceError: the answer is not that access package.
    """
    builder = graph.entitlement.access_packages.by_access_package_id(package_id)
    answer = await read_or_none(graph, Request.to(builder))
    if answer is None:
        return None
    package = observe(parents, answer.body)
    if package.id.lower() != package_id.lower():
        raise ServiceAnswerError(
            f"Graph returned access package {package.id} instead of {package_id}.",
            request_id=answer.request_id,
        )
    return package


def observe(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The access package in the body of an answer.

    Raises:
        ServiceAnswerError: the body has no usable id.
    """
    name = text_or_none(body.get("displayName"))
    ref = ObjectRef("access_package", identifier(body, "an access package"), name)
    return Observed(ref, parents, {NAME: name}, body)


async def _listed(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """The access packages of the catalog, as the list of all shows them. Those of others are
    dropped: whether Graph filters by the catalog is open (docs/graph.md §7.2).
    """
    builder, catalog = graph.entitlement.access_packages, parents[0]
    try:
        ours = f"catalog/id eq '{catalog.id}'"
        bodies = await graph.pages(Request.to(builder, filter=ours, expand="catalog"))
    except ServiceRefusalError as error:
        if error.status != 400:
            raise
        bodies = await graph.pages(Request.to(builder, expand="catalog"))
    return _observed(parents, (body for body in bodies if _catalog_id(body) == catalog.id))


def _catalog_id(body: Mapping[str, Any]) -> str:
    return identifier(expanded_object(body, "catalog", "an access package"), "a catalog")


async def _in_catalog(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """The access packages as the catalog itself shows them."""
    builder = graph.entitlement.catalogs.by_access_package_catalog_id(str(parents[0].id))
    answer = await graph.read(Request.to(builder, expand="accessPackages"))
    return _observed(parents, expanded_list(answer.body, "accessPackages", "a catalog"))


def _observed(parents: Parents, bodies: Iterable[Mapping[str, Any]]) -> tuple[Observed, ...]:
    """Each access package once: pages can overlap."""
    packages = [observe(parents, body) for body in bodies]
    return tuple({package.id: package for package in packages}.values())


def _two_ways_differ(catalog: ObjectRef, listed: int, inside: int) -> ServiceAnswerError:
    return ServiceAnswerError(
        f"Two ways of reading the access packages of catalog {catalog} differ: the list of all"
        f" access packages shows {listed}, the catalog itself {inside}.",
        hint=_NOT_ALL_SEEN,
    )


API = Api(list=list_access_packages, get=get_access_package, search=search_access_packages)
