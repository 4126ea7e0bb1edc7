"""The routes of catalogs (docs/graph.md §1.1)."""

from typing import Final

from aiohttp import web

from reconciler.sandbox.answers import plain_answer
from reconciler.sandbox.checks import Json
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    Sandbox,
    entity_response,
    list_response,
    read_object,
    running,
)
from reconciler.sandbox.options import NOTHING, Expand
from reconciler.sandbox.resources.catalogs.bodies import created
from reconciler.sandbox.resources.extensions.answers import extension_answer

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
    """201 and the new catalog; names need not be unique (docs/graph.md §1.1)."""
    sandbox, catalog = running(request), created(await read_object(request))
    sandbox.store.add("catalog", catalog, catalog["id"])
    return entity_response(request, "catalogs", _answer(sandbox, catalog, NOTHING), status=201)


@routes.get(f"{PREFIX}/catalogs/{{catalog}}", allow_head=False)
async def get_catalog(request: web.Request) -> web.Response:
    """One catalog (docs/graph.md §1.1)."""
    sandbox, options = running(request), CATALOGS.options(request)
    catalog = CATALOGS.find(sandbox, request.match_info["catalog"]).document
    return entity_response(
        request, "catalogs", options.project(_answer(sandbox, catalog, options.expand))
    )


def _answer(sandbox: Sandbox, catalog: Json, expand: Expand) -> Json:
    answer = dict(plain_answer(catalog, sandbox.switches))
    if "accessPackages" in expand:
        packages = sandbox.store.access_packages(catalog["id"])
        answer["accessPackages"] = [plain_answer(package, sandbox.switches) for package in packages]
    if "customWorkflowExtensions" in expand:
        rows = sandbox.store.rows("extension", catalog["id"])
        visible = [extension_answer(row.visible, sandbox.switches) for row in rows if row.visible]
        sandbox.store.note_reads(rows)
        answer["customWorkflowExtensions"] = visible
    return answer
