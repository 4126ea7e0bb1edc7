"""The one route of beta: a policy with the members that v1.0 does not show (docs/graph.md §7)."""

from typing import Final

from aiohttp import web

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.exchange import Resource, Sandbox, entity_response, running
from reconciler.sandbox.options import NOTHING, Expand
from reconciler.sandbox.resources.policies.answers import access_package, catalog, stage_settings
from reconciler.sandbox.resources.policies.beta import beta_policy

_PATH: Final = "/beta/identityGovernance/entitlementManagement/accessPackageAssignmentPolicies"
_POLICIES: Final = Resource(
    "policy",
    "accessPackageAssignmentPolicy",
    frozenset(
        (
            "id",
            "displayName",
            "description",
            "accessPackageId",
            "canExtend",
            "durationInDays",
            "expirationDateTime",
            "requestorSettings",
            "requestApprovalSettings",
            "accessReviewSettings",
            "accessPackageNotificationSettings",
            "verifiableCredentialSettings",
            "questions",
            "createdDateTime",
            "modifiedDateTime",
        )
    ),
    Expand(
        {
            "accessPackage": NOTHING,
            "accessPackageCatalog": NOTHING,
            "customExtensionStageSettings": Expand({"customExtension": NOTHING}),
        }
    ),
)
_REFUSALS: Final = {
    "403": (403, "UnAuthorized", "The caller is not authorized to read this."),
    "404": (404, "ResourceNotFound", "There is nothing here that the caller can read."),
    "500": (500, "InternalServerError", "The service could not read the policy."),
}

routes = web.RouteTableDef()


@routes.get(f"{_PATH}/{{policy}}", allow_head=False)
async def get_beta_policy(request: web.Request) -> web.Response:
    """One policy in beta's names; questions need no `$expand`."""
    sandbox, options = running(request), _POLICIES.options(request)
    if sandbox.switches.beta_policies in _REFUSALS:
        raise GraphError(*_REFUSALS[sandbox.switches.beta_policies])
    policy = _POLICIES.read(sandbox, request.match_info["policy"])
    answer = {**beta_policy(policy), **_expanded(sandbox, policy, options.expand)}
    return entity_response(request, "accessPackageAssignmentPolicies", options.project(answer))


def _expanded(sandbox: Sandbox, policy: Json, expand: Expand) -> Json:
    members: Json = {}
    if "accessPackage" in expand:
        members["accessPackage"] = access_package(sandbox, policy)
    if "accessPackageCatalog" in expand:
        members["accessPackageCatalog"] = catalog(sandbox, policy)
    if "customExtensionStageSettings" in expand:
        inner = expand.under("customExtensionStageSettings")
        members["customExtensionStageSettings"] = stage_settings(sandbox, policy, inner)
    return members
