"""The routes of access packages (docs/graph.md §7.5), also one of two ways to find the policies
that call an extension (docs/graph.md §7.2). There is none for the policies of one package alone.
"""

from typing import Final

from aiohttp import web

from reconciler.sandbox.answers import expanded, plain_answer, shown
from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import bad_request
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    Sandbox,
    entity_response,
    list_response,
    parent_id,
    read_object,
    refuse_deleted_parent,
    running,
)
from reconciler.sandbox.filters import PROPERTIES
from reconciler.sandbox.options import NOTHING, Expand
from reconciler.sandbox.relations import holds
from reconciler.sandbox.resources.access_packages.bodies import created
from reconciler.sandbox.texts import refuse_taken_name

PACKAGES: Final = Resource(
    "accessPackage",
    "accessPackage",
    frozenset(
        ("id", "displayName", "description", "isHidden", "createdDateTime", "modifiedDateTime")
    ),
    Expand({"assignmentPolicies": NOTHING, "catalog": NOTHING}),
    (*PROPERTIES, "catalog/id"),
)
_COLLECTION: Final = f"{PREFIX}/accessPackages"
_ITEM: Final = f"{_COLLECTION}/{{package}}"

routes = web.RouteTableDef()


@routes.get(_COLLECTION, allow_head=False)
async def list_packages(request: web.Request) -> web.Response:
    """The access packages of the tenant, in pages; a switch hides some of them."""
    sandbox, options = running(request), PACKAGES.options(request, collection=True)
    rows = shown(sandbox.store.rows("accessPackage"), sandbox.switches.packages_listed)
    return list_response(
        request,
        "accessPackages",
        rows,
        options,
        lambda package: _answer(sandbox, package, options.expand),
    )


@routes.post(_COLLECTION)
async def create_package(request: web.Request) -> web.Response:
    """201 and the new access package; its name is unique in its catalog (docs/graph.md §7.5)."""
    sandbox, body = running(request), await read_object(request)
    given = created(body, sandbox.switches)
    catalog = parent_id(sandbox, "catalog", given["catalog"]["id"])
    package = {**given, "catalog": {"id": catalog}}
    with sandbox.store.writing():
        refuse_deleted_parent(sandbox, "catalog", catalog)
        others = sandbox.store.rows("accessPackage", catalog)
        refuse_taken_name(package, others, "DuplicateAccessPackage")
        sandbox.store.add("accessPackage", package, catalog, lag=sandbox.switches.lag)
    answer = _answer(sandbox, package, NOTHING)
    return entity_response(request, "accessPackages", answer, status=201)


@routes.get(_ITEM, allow_head=False)
async def get_package(request: web.Request) -> web.Response:
    """One access package."""
    sandbox, options = running(request), PACKAGES.options(request)
    package = PACKAGES.read(sandbox, request.match_info["package"])
    answer = options.project(_answer(sandbox, package, options.expand))
    return entity_response(request, "accessPackages", answer)


@routes.delete(_ITEM)
async def delete_package(request: web.Request) -> web.Response:
    """204; refused while the access package has policies: a cautious assumption, because the pages
    speak of assignments only (docs/graph.md §7.5).
    """
    sandbox = running(request)
    with sandbox.store.writing():
        row = PACKAGES.find(sandbox, request.match_info["package"])
        if holds(sandbox.store, "policy", row.id):
            raise bad_request(f"The access package '{row.id}' has policies; delete them first.")
        sandbox.store.remove("accessPackage", row.id, lag=sandbox.switches.lag)
    return web.Response(status=204)


def _answer(sandbox: Sandbox, package: Json, expand: Expand) -> Json:
    store, switches = sandbox.store, sandbox.switches
    answer = plain_answer(package, switches)
    if "catalog" in expand:
        catalog = store.find("catalog", package["catalog"]["id"])
        answer["catalog"] = plain_answer(catalog.document, switches) if catalog else None
    if "assignmentPolicies" in expand:
        policies = store.read_inside("policy", package["id"])
        answer |= expanded("assignmentPolicies", policies, switches.policies_of_package, switches)
    return answer
