"""The routes of assignment policies that are needed to call extensions at their stages
(docs/graph.md §7).
"""

from typing import Final

from aiohttp import web

from reconciler.sandbox.answers import shown
from reconciler.sandbox.errors import bad_request
from reconciler.sandbox.exchange import (
    PREFIX,
    Resource,
    entity_response,
    list_response,
    parent_id,
    read_object,
    refuse_deleted_parent,
    running,
)
from reconciler.sandbox.filters import PROPERTIES
from reconciler.sandbox.options import NOTHING, Expand
from reconciler.sandbox.resources.policies.answers import policy_answer
from reconciler.sandbox.resources.policies.bodies import checked_package, created, replaced

POLICIES: Final = Resource(
    "policy",
    "accessPackageAssignmentPolicy",
    frozenset(
        (
            "id",
            "displayName",
            "description",
            "allowedTargetScope",
            "specificAllowedTargets",
            "expiration",
            "requestorSettings",
            "requestApprovalSettings",
            "automaticRequestSettings",
            "reviewSettings",
            "notificationSettings",
            "createdDateTime",
            "modifiedDateTime",
        )
    ),
    Expand(
        {
            "accessPackage": Expand({"catalog": NOTHING}),
            "catalog": NOTHING,
            "customExtensionStageSettings": Expand({"customExtension": NOTHING}),
            "questions": NOTHING,
        }
    ),
    (*PROPERTIES, "accessPackage/id"),
)
_COLLECTION: Final = f"{PREFIX}/assignmentPolicies"
_ITEM: Final = f"{_COLLECTION}/{{policy}}"

routes = web.RouteTableDef()


@routes.get(_COLLECTION, allow_head=False)
async def list_policies(request: web.Request) -> web.Response:
    """The policies of the tenant, in pages; a switch hides some of them (docs/graph.md §7.2)."""
    sandbox, options = running(request), POLICIES.options(request, collection=True)
    if "$filter" in request.query and sandbox.switches.filter_policies == "refuse":
        raise bad_request("The query option '$filter' is not supported on this resource.")
    rows = shown(sandbox.store.rows("policy"), sandbox.switches.policies_listed)
    return list_response(
        request,
        "assignmentPolicies",
        rows,
        options,
        lambda policy: policy_answer(sandbox, policy, options.expand),
    )


@routes.post(_COLLECTION)
async def create_policy(request: web.Request) -> web.Response:
    """201 and the new policy, also with stage settings (docs/graph.md §7.5)."""
    sandbox, body = running(request), await read_object(request)
    package = parent_id(sandbox, "accessPackage", checked_package(body))
    with sandbox.store.writing():
        refuse_deleted_parent(sandbox, "accessPackage", package)
        policy = created(sandbox.store, sandbox.switches, body, package)
        sandbox.store.add("policy", policy, package, lag=sandbox.switches.lag)
    answer = policy_answer(sandbox, policy, NOTHING)
    return entity_response(request, "assignmentPolicies", answer, status=201)


@routes.get(_ITEM, allow_head=False)
async def get_policy(request: web.Request) -> web.Response:
    """One policy; without `$expand` the objects that it refers to are omitted
    (docs/graph.md §7.2).
    """
    sandbox, options = running(request), POLICIES.options(request)
    policy = POLICIES.read(sandbox, request.match_info["policy"])
    answer = options.project(policy_answer(sandbox, policy, options.expand))
    return entity_response(request, "assignmentPolicies", answer)


@routes.put(_ITEM)
async def replace_policy(request: web.Request) -> web.Response:
    """200 and the policy after it was replaced as a whole; there is no PATCH
    (docs/graph.md §7.3).
    """
    sandbox, body = running(request), await read_object(request)
    with sandbox.store.writing():
        row = POLICIES.find(sandbox, request.match_info["policy"])
        policy = replaced(sandbox.store, sandbox.switches, row.document, body)
        sandbox.store.change("policy", row, policy, lag=sandbox.switches.lag)
    return entity_response(request, "assignmentPolicies", policy_answer(sandbox, policy, NOTHING))


@routes.delete(_ITEM)
async def delete_policy(request: web.Request) -> web.Response:
    """204; the extensions that it called stay (docs/graph.md §7.5)."""
    sandbox = running(request)
    with sandbox.store.writing():
        row = POLICIES.find(sandbox, request.match_info["policy"])
        sandbox.store.remove("policy", row.id, lag=sandbox.switches.lag)
    return web.Response(status=204)
