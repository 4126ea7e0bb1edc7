"""The routes of assignment policies that are needed to call extensions at their stages
(docs/graph.md §7).
"""

from typing import Any, Final

from aiohttp import web

from reconciler.sandbox.answers import plain_answer, shown
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
from reconciler.sandbox.relations import catalog_of
from reconciler.sandbox.resources.extensions.answers import referenced_extension
from reconciler.sandbox.resources.policies.bodies import replaced

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
)
_ITEM: Final = f"{PREFIX}/assignmentPolicies/{{policy}}"

routes = web.RouteTableDef()


@routes.get(f"{PREFIX}/assignmentPolicies", allow_head=False)
async def list_policies(request: web.Request) -> web.Response:
    """The policies of the tenant, in pages; a switch hides some of them (docs/graph.md §7.2)."""
    sandbox, options = running(request), POLICIES.options(request, collection=True)
    rows = shown(sandbox.store.rows("policy"), sandbox.switches.policies_listed)
    return list_response(
        request,
        "assignmentPolicies",
        rows,
        options,
        lambda policy: _answer(sandbox, policy, options.expand),
    )


@routes.get(_ITEM, allow_head=False)
async def get_policy(request: web.Request) -> web.Response:
    """One policy; without `$expand` the objects that it refers to are omitted
    (docs/graph.md §7.2).
    """
    sandbox, options = running(request), POLICIES.options(request)
    policy = POLICIES.read(sandbox, request.match_info["policy"])
    answer = options.project(_answer(sandbox, policy, options.expand))
    return entity_response(request, "assignmentPolicies", answer)


@routes.put(_ITEM)
async def replace_policy(request: web.Request) -> web.Response:
    """200 and the policy after it was replaced as a whole; there is no PATCH
    (docs/graph.md §7.3).
    """
    sandbox, body = running(request), await read_object(request)
    with sandbox.store.writing():
        row = POLICIES.find(sandbox, request.match_info["policy"])
        policy = replaced(sandbox.store, row.document, body)
        sandbox.store.change("policy", row, policy, lag=sandbox.switches.lag)
    return entity_response(request, "assignmentPolicies", _answer(sandbox, policy, NOTHING))


def _answer(sandbox: Sandbox, policy: Json, expand: Expand) -> Json:
    answer = plain_answer(policy, sandbox.switches)
    catalog = (
        _catalog(sandbox, policy) if "catalog" in expand or "accessPackage" in expand else None
    )
    if "accessPackage" in expand:
        inner = {"catalog": catalog} if "catalog" in expand.under("accessPackage") else {}
        answer["accessPackage"] = {**_access_package(sandbox, policy), **inner}
    if "catalog" in expand:
        answer["catalog"] = catalog
    if "customExtensionStageSettings" in expand:
        answer["customExtensionStageSettings"] = _settings(sandbox, policy, expand)
    if "questions" in expand:
        answer["questions"] = policy["questions"]
    return answer


def _settings(sandbox: Sandbox, policy: Json, expand: Expand) -> list[Json]:
    with_extension = "customExtension" in expand.under("customExtensionStageSettings")
    settings = []
    for setting in policy["customExtensionStageSettings"]:
        shown: dict[str, Any] = {"id": setting["id"], "stage": setting["stage"]}
        if with_extension:
            row = sandbox.store.find("extension", setting["customExtension"]["id"])
            shown["customExtension"] = (
                referenced_extension(row.document, sandbox.switches) if row else None
            )
        settings.append(shown)
    return settings


def _access_package(sandbox: Sandbox, policy: Json) -> Json:
    row = sandbox.store.find("accessPackage", policy["accessPackage"]["id"])
    return plain_answer(row.document if row else policy["accessPackage"], sandbox.switches)


def _catalog(sandbox: Sandbox, policy: Json) -> Json | None:
    catalog = catalog_of(sandbox.store, policy)
    row = sandbox.store.find("catalog", catalog) if catalog else None
    return plain_answer(row.document, sandbox.switches) if row else None
