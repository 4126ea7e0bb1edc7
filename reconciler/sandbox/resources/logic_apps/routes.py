"""The routes of Logic Apps in Azure Resource Manager: two GETs that a check needs, and the POST
that it must not need (docs/graph.md §9.1, §9.3).
"""

from collections.abc import Iterable
from typing import Final

from aiohttp import web

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.exchange import running
from reconciler.sandbox.resource_manager import (
    authorization_failed,
    require_api_version,
    resource_response,
    route,
)
from reconciler.sandbox.resources.logic_apps.callbacks import callback_answer, triggers
from reconciler.sandbox.resources.logic_apps.seeding import SITES, WORKFLOWS

_API_VERSIONS: Final = {
    WORKFLOWS: ("2019-05-01",),
    SITES: ("2022-03-01", "2022-09-01", "2023-01-01", "2023-12-01", "2024-04-01", "2024-11-01"),
}
# Members that ARM adds to any resource, for the switch `extra_properties`.
_EXTRA_MEMBERS: Final[Json] = {
    "etag": '"0x8DD00000000000"',
    "systemData": {"createdByType": "User", "createdAt": "2025-03-06T08:00:00.1234567Z"},
}


def _item(resource_type: str, *below: str) -> str:
    group = ("subscriptions", "{subscription}", "resourceGroups", "{group}")
    return route(*group, "providers", *resource_type.split("/"), "{name}", *below)


routes = web.RouteTableDef()


@routes.get(_item(WORKFLOWS), allow_head=False)
async def get_workflow(request: web.Request) -> web.Response:
    """One Logic App of the Consumption plan."""
    return _document_response(request, WORKFLOWS)


@routes.get(_item(SITES), allow_head=False)
async def get_site(request: web.Request) -> web.Response:
    """One site; a Logic App of the Standard plan is one, with a `kind` that says so."""
    return _document_response(request, SITES)


@routes.get(_item(WORKFLOWS, "triggers"), allow_head=False)
async def list_triggers(request: web.Request) -> web.Response:
    """The triggers of a Logic App, on one page."""
    logic_app = _logic_app(request, WORKFLOWS)
    state = logic_app["properties"].get("state")
    listed = [
        {
            "id": f"{logic_app['id']}/triggers/{name}",
            "name": name,
            "type": f"{WORKFLOWS}/triggers",
            "properties": {"provisioningState": "Succeeded", "state": state},
        }
        for name in triggers(logic_app)
    ]
    return resource_response({"value": listed})


@routes.post(_item(WORKFLOWS, "triggers", "{trigger}", "listCallbackUrl"))
async def list_callback_url(request: web.Request) -> web.Response:
    """The secret address of a trigger."""
    logic_app, wanted = _logic_app(request, WORKFLOWS), request.match_info["trigger"]
    for name in triggers(logic_app):
        if name.lower() == wanted.lower():
            return resource_response(callback_answer(logic_app, name))
    text = f"The workflow '{logic_app['name']}' trigger '{wanted}' could not be found."
    raise GraphError(404, "WorkflowTriggerNotFound", text)


def _document_response(request: web.Request, resource_type: str) -> web.Response:
    logic_app = _logic_app(request, resource_type)
    extra = _EXTRA_MEMBERS if running(request).switches.extra_properties else {}
    return resource_response({**extra, **logic_app})


def _logic_app(request: web.Request, resource_type: str) -> Json:
    """The Logic App in the path, as it is in the seed. Raises: GraphError 400, 403 or 404."""
    sandbox, name = running(request), request.match_info["name"]
    noun = resource_type.partition("/")[2]
    require_api_version(request.query, noun, _API_VERSIONS[resource_type])
    if sandbox.switches.logic_apps == "403":
        raise authorization_failed(request)
    _, group = _scopes(request)
    logic_app = sandbox.store.find("logicApp", f"{group}providers/{resource_type}/{name}")
    if logic_app is None:
        ids = [row.id for row in sandbox.store.rows("logicApp")]
        raise _not_found(request, resource_type, ids)
    return logic_app.document


def _scopes(request: web.Request) -> tuple[str, str]:
    """What the ids of everything in the subscription, and in the group, begin with."""
    path = request.match_info
    subscription = f"/subscriptions/{path['subscription']}/"
    return subscription, f"{subscription}resourceGroups/{path['group']}/"


def _not_found(request: web.Request, resource_type: str, ids: Iterable[str]) -> GraphError:
    """The outermost thing that does not exist: a subscription or group exists if a Logic App is in
    it. `ids` are in lower case.
    """
    path, (subscription, group) = request.match_info, _scopes(request)
    inside = [identity for identity in ids if identity.startswith(subscription.lower())]
    if not inside:
        text = f"The subscription '{path['subscription']}' could not be found."
        return GraphError(404, "SubscriptionNotFound", text)
    if not any(identity.startswith(group.lower()) for identity in inside):
        text = f"Resource group '{path['group']}' could not be found."
        return GraphError(404, "ResourceGroupNotFound", text)
    text = (
        f"The Resource '{resource_type}/{path['name']}' under resource group '{path['group']}' was"
        " not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return GraphError(404, "ResourceNotFound", text)
