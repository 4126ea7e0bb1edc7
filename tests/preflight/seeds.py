"""Declared extensions and the Logic Apps that they call, in the embedded sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from harness import SUBSCRIPTION, CommandLine, Json, catalog, extension

from reconciler.model.logic_app import LogicApp
from reconciler.sandbox.access_endpoints import access_endpoint
from reconciler.sandbox.store import reset
from reconciler.sandbox.switches import parse_switches
from reconciler.settings import LOOPBACK_TENANT
from tests.preflight.workflows import GLOBAL_CLAIMS, TENANT, policy, request_trigger

GROUP = "rg"


def logic_app(name: str, spoil: Callable[[Any], Any] = lambda _properties: None) -> Json:
    """A sound Logic App of a seed, after this was done to its properties."""
    path = LogicApp(SUBSCRIPTION, GROUP, name).path
    issuer = GLOBAL_CLAIMS["iss"].replace(TENANT, LOOPBACK_TENANT)
    fitting = policy(**{**GLOBAL_CLAIMS, "iss": issuer, "p": path})
    properties = {
        "state": "Enabled",
        "accessEndpoint": access_endpoint(SUBSCRIPTION, GROUP, name),
        "accessControl": {
            "triggers": {
                "openAuthenticationPolicies": {"policies": {"x": fitting}},
                "sasAuthenticationPolicy": {"state": "Disabled"},
            }
        },
        "definition": {"triggers": {"manual": request_trigger()}},
    }
    spoil(properties)
    return {"id": path, "properties": properties}


def disabled(properties: Any) -> None:
    """An error: R404."""
    properties["state"] = "Disabled"


def shared(properties: Any) -> None:
    """A warning: R405."""
    properties["accessControl"]["triggers"]["sasAuthenticationPolicy"]["state"] = "Enabled"


def url_of(name: str) -> str:
    """The right `url` of a Logic App of these seeds."""
    stem = access_endpoint(SUBSCRIPTION, GROUP, name)
    return f"{stem}/triggers/manual/paths/invoke?api-version=2016-10-01"


def calls(name: str, called: str | None = None, **endpoint: Any) -> Json:
    """A declared extension that calls a Logic App, by default the one of its own name."""
    properties = extension(name)
    properties["endpointConfiguration"].update(logicAppWorkflowName=called or name, **endpoint)
    return properties


def seed(
    reconciler: CommandLine,
    *logic_apps: Json,
    catalogs: Sequence[Json] = (),
    switches: Sequence[str] = (),
) -> None:
    """A new default sandbox with these Logic Apps."""
    folder = reconciler.folder / ".reconciler"
    folder.mkdir(exist_ok=True)
    file = folder / "seed.json"
    content = {"catalogs": [*(catalogs or (catalog(),))], "logicApps": [*logic_apps]}
    file.write_text(json.dumps(content))
    reset(folder / "sandbox.sqlite3", seed=file, switches=parse_switches(switches))
