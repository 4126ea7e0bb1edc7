"""The routes of catalogs (docs/graph.md §1.1)."""

from typing import Final

from aiohttp import web

from reconciler.sandbox.answers import expanded, plain_answer
from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import bad_request
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    Sandbox,
    entity_response,
    list_response,
    read_object,
    running,
)
from reconciler.sandbox.filters import folded
from reconciler.sandbox.options import NOTHING, Expand
from reconciler.sandbox.relations import holds
from reconciler.sandbox.resources.catalogs.bodies import created, updated
from reconciler.sandbox.resources.extensions.answers import extension_answer
from reconciler.sandbox.texts import refuse_taken_name

CATALOGS: Final = Resource(
    "catalog",
    "accessPackageCatalog",
    frozenset(
        (
            "id",
            "displayName",
            "description",
            "catalogType",
            "state",
            "isExternallyVisible",
            "createdDateTime",
            "modifiedDateTime",
        )
    ),
    Expand({"accessPackages": NOTHING, "customWorkflowExtensions": NOTHING}),
)
_ITEM: Final = f"{PREFIX}/catalogs/{{catalog}}"

routes = web.RouteTableDef()


@routes.get(f"{PREFIX}/catalogs", allow_head=False)
async def list_catalogs(request: web.Request) -> web.Response:
    """All catalogs, in pages (docs/graph.md §1.1)."""
    sandbox, options = running(request), CATALOGS.options(request, collection=True)
    names = options.matches.names
    rows = sandbox.store.rows("catalog") if names is None else sandbox.store.catalogs_named(names)
    return list_response(
        request,
        "catalogs",
        rows,
        options,
        lambda catalog: _answer(sandbox, catalog, options.expand),
    )


@routes.post(f"{PREFIX}/catalogs")
async def create_catalog(request: web.Request) -> web.Response:
    """201 and the new catalog; whether names are unique is a switch (docs/graph.md §1.1)."""
    sandbox, body = running(request), await read_object(request)
    catalog = created(body, sandbox.switches)
    with sandbox.store.writing():
        _refuse_taken_name(sandbox, catalog)
        sandbox.store.add("catalog", catalog, catalog["id"], lag=sandbox.switches.lag)
    return entity_response(request, "catalogs", _answer(sandbox, catalog, NOTHING), status=201)


@routes.get(_ITEM, allow_head=False)
async def get_catalog(request: web.Request) -> web.Response:
    """One catalog (docs/graph.md §1.1, §5.5); 404 while a new one is not visible yet."""
    sandbox, options = running(request), CATALOGS.options(request)
    catalog = CATALOGS.read(sandbox, request.match_info["catalog"])
    return entity_response(
        request, "catalogs", options.project(_answer(sandbox, catalog, options.expand))
    )


@routes.patch(_ITEM)
async def update_catalog(request: web.Request) -> web.Response:
    """204 without a body; the built-in catalog is as any other (docs/graph.md §1.1)."""
    sandbox, body = running(request), await read_object(request)
    with sandbox.store.writing():
        row = CATALOGS.find(sandbox, request.match_info["catalog"])
        catalog = updated(row.document, body, sandbox.switches)
        _refuse_taken_name(sandbox, catalog)
        sandbox.store.change("catalog", row, catalog, lag=sandbox.switches.lag)
    return web.Response(status=204)


@routes.delete(_ITEM)
async def delete_catalog(request: web.Request) -> web.Response:
    """204; refused while the catalog holds access packages; whether also while it holds extensions
    is a switch (docs/graph.md §1.1). The built-in catalog is as any other.
    """
    sandbox = running(request)
    with sandbox.store.writing():
        row = CATALOGS.find(sandbox, request.match_info["catalog"])
        if holds(sandbox.store, "accessPackage", row.id):
            raise bad_request(f"The catalog '{row.id}' holds access packages; delete them first.")
        _remove_extensions(sandbox, row.id)
        sandbox.store.remove("catalog", row.id, lag=sandbox.switches.lag)
    return web.Response(status=204)


def _remove_extensions(sandbox: Sandbox, catalog: str) -> None:
    extensions = sandbox.store.extensions(catalog)
    if extensions and sandbox.switches.delete_catalog_with_extensions == "refuse":
        raise bad_request(f"The catalog '{catalog}' holds custom extensions; delete them first.")
    for extension in extensions:
        sandbox.store.remove("extension", extension["id"], lag=sandbox.switches.lag)


def _refuse_taken_name(sandbox: Sandbox, catalog: Json) -> None:
    if sandbox.switches.unique_catalog_names:
        same_name = sandbox.store.catalogs_named([folded(catalog["displayName"])])
        refuse_taken_name(catalog, same_name, "DuplicateCatalog")


def _answer(sandbox: Sandbox, catalog: Json, expand: Expand) -> Json:
    store, switches = sandbox.store, sandbox.switches
    answer = plain_answer(catalog, switches)
    if "accessPackages" in expand:
        packages = store.read_inside("accessPackage", catalog["id"])
        answer |= expanded("accessPackages", packages, switches.packages_of_catalog, switches)
    if "customWorkflowExtensions" in expand:
        extensions = store.read_inside("extension", catalog["id"])
        answer["customWorkflowExtensions"] = [
            extension_answer(extension, switches) for extension in extensions
        ]
    return answer
