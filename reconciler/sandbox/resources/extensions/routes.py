"""The routes of custom workflow extensions (docs/graph.md §1.2); PATCH does not exist
(docs/graph.md §1.5).
"""

from typing import Final

from aiohttp import web

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    Sandbox,
    catalog_id,
    entity_response,
    list_response,
    read_object,
    refuse_deleted_parent,
    running,
)
from reconciler.sandbox.options import NOTHING, Options
from reconciler.sandbox.relations import is_in_use
from reconciler.sandbox.resources.extensions.answers import extension_answer
from reconciler.sandbox.resources.extensions.bodies import READ_ONLY, parse_extension
from reconciler.sandbox.resources.extensions.changes import created, updated
from reconciler.sandbox.texts import refuse_taken_name

EXTENSIONS: Final = Resource(
    "extension",
    "customCalloutExtension",
    frozenset(
        (
            "@odata.type",
            "displayName",
            "description",
            "endpointConfiguration",
            "authenticationConfiguration",
            "clientConfiguration",
            "callbackConfiguration",
            *READ_ONLY,
        )
    ),
    NOTHING,
)
_COLLECTION: Final = f"{PREFIX}/catalogs/{{catalog}}/customWorkflowExtensions"
_ITEM: Final = f"{_COLLECTION}/{{extension}}"

routes = web.RouteTableDef()


@routes.get(_COLLECTION, allow_head=False)
async def list_extensions(request: web.Request) -> web.Response:
    """The extensions of a catalog, both types in one collection, in pages (docs/graph.md §1.4)."""
    sandbox, options = running(request), EXTENSIONS.options(request, collection=True)
    rows = sandbox.store.rows("extension", catalog_id(request))
    return list_response(
        request,
        _path(request),
        rows,
        options,
        lambda extension: extension_answer(extension, sandbox.switches),
    )


@routes.get(f"{_COLLECTION}/$count", allow_head=False)
async def count_extensions(request: web.Request) -> web.Response:
    """The number of visible extensions of a catalog, as plain text (docs/graph.md §1.2); not
    counted as a read.
    """
    options = EXTENSIONS.options(request, collection=True)
    rows = running(request).store.rows("extension", catalog_id(request))
    shown = [row.visible for row in rows if row.visible]
    return web.Response(text=str(sum(map(options.matches, shown))), content_type="text/plain")


@routes.post(_COLLECTION)
async def create_extension(request: web.Request) -> web.Response:
    """201 and the new extension; whether names are unique is a switch (docs/graph.md §1.2,
    §2.2).
    """
    sandbox, body = running(request), await read_object(request)
    catalog = catalog_id(request)
    extension = created(parse_extension(body, sandbox.switches, creating=True), sandbox.switches)
    with sandbox.store.writing():
        refuse_deleted_parent(sandbox, "catalog", catalog)
        _refuse_taken_name(sandbox, extension, catalog)
        sandbox.store.add("extension", extension, catalog, lag=sandbox.switches.lag)
    return _answer(request, extension, status=201)


@routes.get(_ITEM, allow_head=False)
async def get_extension(request: web.Request) -> web.Response:
    """One extension of either type (docs/graph.md §1.2, §5.5); 404 while a new one is not visible
    yet.
    """
    sandbox, options = running(request), EXTENSIONS.options(request)
    extension = EXTENSIONS.read(sandbox, request.match_info["extension"], catalog_id(request))
    return _answer(request, extension, options=options)


@routes.put(_ITEM)
async def update_extension(request: web.Request) -> web.Response:
    """200 and the extension after the update (docs/graph.md §1.5)."""
    sandbox, body = running(request), await read_object(request)
    catalog = catalog_id(request)
    with sandbox.store.writing():  # one transaction: another process may serve the same file
        row = EXTENSIONS.find(sandbox, request.match_info["extension"], catalog)
        parsed = parse_extension(body, sandbox.switches, creating=False)
        extension = updated(row.document, parsed, sandbox.switches)
        _refuse_taken_name(sandbox, extension, catalog)
        sandbox.store.change("extension", row, extension, lag=sandbox.switches.lag)
    return _answer(request, extension)


@routes.delete(_ITEM)
async def delete_extension(request: web.Request) -> web.Response:
    """204; refused while a policy refers to the extension; the status is a switch
    (docs/graph.md §1.6). A second one is 404, also while lagging reads still return the extension.
    """
    sandbox, catalog = running(request), catalog_id(request)
    with sandbox.store.writing():
        row = EXTENSIONS.find(sandbox, request.match_info["extension"], catalog)
        if is_in_use(sandbox.store, row.id):
            raise GraphError(
                sandbox.switches.in_use_status,
                "CustomExtensionInUse",
                f"The custom extension '{row.id}' is used by an assignment policy; remove it there"
                " first.",
            )
        sandbox.store.remove("extension", row.id, lag=sandbox.switches.lag)
    return web.Response(status=204)


def _refuse_taken_name(sandbox: Sandbox, extension: Json, catalog: str) -> None:
    if sandbox.switches.unique_extension_names:
        others = sandbox.store.rows("extension", catalog)
        refuse_taken_name(extension, others, "DuplicateCustomExtension")


def _path(request: web.Request) -> str:
    return f"catalogs('{request.match_info['catalog']}')/customWorkflowExtensions"


def _answer(
    request: web.Request,
    extension: Json,
    *,
    status: int = 200,
    options: Options | None = None,
) -> web.Response:
    switches = running(request).switches
    answer = extension_answer(extension, switches)
    if options is not None:
        answer = options.project(answer)
    return entity_response(
        request, _path(request), answer, status=status, wrap=switches.wrap_answers
    )
