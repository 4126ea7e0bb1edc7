"""The routes of access packages: one of two ways to find the policies that call an extension
(docs/graph.md §7.2). There is none for the policies of one package alone.
"""

from typing import Final

from aiohttp import web

from reconciler.sandbox.answers import expanded, plain_answer, shown
from reconciler.sandbox.checks import Json
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    Sandbox,
    entity_response,
    list_response,
    running,
)
from reconciler.sandbox.filters import PROPERTIES
from reconciler.sandbox.options import NOTHING, Expand

PACKAGES: Final = Resource(
    "accessPackage",
    "accessPackage",
    frozenset(
        ("id", "displayName", "description", "isHidden", "createdDateTime", "modifiedDateTime")
    ),
    Expand({"assignmentPolicies": NOTHING, "catalog": NOTHING}),
    (*PROPERTIES, "catalog/id"),
)

routes = web.RouteTableDef()


@routes.get(f"{PREFIX}/accessPackages", allow_head=False)
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


@routes.get(f"{PREFIX}/accessPackages/{{package}}", allow_head=False)
async def get_package(request: web.Request) -> web.Response:
    """One access package."""
    sandbox, options = running(request), PACKAGES.options(request)
    package = PACKAGES.read(sandbox, request.match_info["package"])
    answer = options.project(_answer(sandbox, package, options.expand))
    return entity_response(request, "accessPackages", answer)


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
