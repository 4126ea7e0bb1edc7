"""A Logic App of a seed: the document with which Azure Resource Manager answers a GET
(docs/graph.md §9.1, §9.2).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.sandbox.access_endpoints import access_endpoint
from reconciler.sandbox.checks import Check, Json, any_text, anything, mapping, members, nullable
from reconciler.sandbox.errors import invalid_model

_ID: Final = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/resourceGroups/(?P<group>[\w().-]+)"
    r"/providers/(?P<type>Microsoft\.Logic/workflows|Microsoft\.Web/sites)/(?P<name>[\w().-]+)",
    re.IGNORECASE,
)
WORKFLOWS: Final = "Microsoft.Logic/workflows"
"""The resource type of the Consumption plan."""
SITES: Final = "Microsoft.Web/sites"
"""The resource type of the Standard plan, and of sites that are not Logic Apps."""
_TYPES: Final = {resource_type.lower(): resource_type for resource_type in (WORKFLOWS, SITES)}
_CHECKS: Final[Mapping[str, Check]] = {
    "name": any_text,
    "type": any_text,
    "location": nullable(any_text),
    "kind": nullable(any_text),
    "tags": nullable(mapping),
    "properties": mapping,
}


def seeded_logic_app(given: Any, where: str) -> Json:
    """The Logic App as stored: every member as it is in the seed, missing ones added.

    A site (`Microsoft.Web/sites`, the Standard plan) gets a name and a type, a workflow also its
    address and state. Members can be invalid, because real answers can contain what the sandbox
    does not expect.
    Raises: GraphError 400 with the path of what the sandbox cannot store.
    """
    every = {**dict.fromkeys(mapping(given, where), anything), **_CHECKS, "id": _resource_id}
    identity = members(given, where, every, required=("id",))["id"]
    resource_type = _TYPES[identity["type"].lower()]
    logic_app = {"name": identity["name"], "type": resource_type, **given}
    if resource_type == WORKFLOWS:
        logic_app["properties"] = {**_workflow_defaults(identity), **given.get("properties", {})}
    return logic_app


def _workflow_defaults(identity: re.Match[str]) -> Json:
    address = access_endpoint(identity["subscription"], identity["group"], identity["name"])
    return {"provisioningState": "Succeeded", "state": "Enabled", "accessEndpoint": address}


def _resource_id(value: Any, where: str) -> re.Match[str]:
    match = _ID.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        group = "/subscriptions/{guid}/resourceGroups/{group}"
        raise invalid_model(
            f"'{where}' must be {group}/providers/Microsoft.Logic/workflows/{{name}} or"
            f" {group}/providers/Microsoft.Web/sites/{{name}}."
        )
    return match
