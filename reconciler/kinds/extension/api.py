"""How extensions are read and written, through the SDK's request builders."""

from __future__ import annotations

from typing import Any

from reconciler.errors import ServiceAnswerError, ServiceRefusalError
from reconciler.kinds.extension.wire import observe
from reconciler.model.graph import Graph, Request
from reconciler.model.kind import Api, Body
from reconciler.model.objects import ObjectRef, Observed, Parents

MAX_EXTENSIONS = 5_000
"""In one catalog: ten times what a tenant may hold; a plan for 50,000 of them needs 1 GB."""


async def list_extensions(graph: Graph, parents: Parents) -> tuple[Observed, ...]:
    """Every extension of the catalog, from all pages; an extension on two pages counts once.

    Source: docs/graph.md §1.4.
    """
    request = Request.to(_list(graph, parents))
    listed = await graph.pages(request, max_items=MAX_EXTENSIONS)
    extensions = [observe(parents, body) for body in listed]
    return tuple({extension.id: extension for extension in extensions}.values())


async def get_extension(graph: Graph, parents: Parents, extension_id: str) -> Observed | None:
    """One extension as it is now; None if Graph answers 404.

    Raises:
        ServiceError: the answer is not that extension; a write must not use another id.
    """
    try:
        answer = await graph.read(Request.to(_one(graph, parents, extension_id)))
    except ServiceRefusalError as error:
        if error.status == 404:
            return None
        raise
    extension = observe(parents, answer.body)
    if extension.id.lower() != extension_id.lower():
        raise ServiceAnswerError(
            f"Graph returned extension {extension.id} instead of {extension_id}.",
            request_id=answer.request_id,
        )
    return extension


def create(graph: Graph, parents: Parents, body: Body) -> Request:
    """POST a new extension (docs/graph.md §1.2)."""
    return Request.to(_list(graph, parents), "POST", body.members)


def update(graph: Graph, parents: Parents, ref: ObjectRef, body: Body) -> Request:
    """PUT all of an extension: the SDK offers PATCH, which the service rejects.

    Source: docs/graph.md §1.5.
    """
    return Request.to(_one(graph, parents, str(ref.id)), "PUT", body.members)


def delete(graph: Graph, parents: Parents, ref: ObjectRef) -> Request:
    """DELETE an extension; the service refuses while a policy uses it.

    Source: docs/graph.md §1.6.
    """
    return Request.to(_one(graph, parents, str(ref.id)), "DELETE")


def _list(graph: Graph, parents: Parents) -> Any:
    catalog = graph.entitlement.catalogs.by_access_package_catalog_id(str(parents[0].id))
    return catalog.custom_workflow_extensions


def _one(graph: Graph, parents: Parents, extension_id: str) -> Any:
    return _list(graph, parents).by_custom_callout_extension_id(extension_id)


API = Api(list=list_extensions, get=get_extension, create=create, update=update, delete=delete)
