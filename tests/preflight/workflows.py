"""Logic Apps as Azure Resource Manager answers them: a sound one, to be spoiled by one fault each,
and what is found about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness import SUBSCRIPTION, Json

from reconciler.arm.workflows import workflow_of
from reconciler.model.arm_cloud import ArmCloud
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.logic_app import Caller, LogicApp, Observation
from reconciler.preflight.claims import Claims
from reconciler.preflight.findings import Checked, findings
from reconciler.settings import CLOUDS

TENANT = "11111111-2222-3333-4444-555555555555"
LA = LogicApp(SUBSCRIPTION, "rg-identity", "la-notify")
ENDPOINT = (
    "https://prod-31.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef"
)
URL = f"{ENDPOINT}/triggers/manual/paths/invoke?api-version=2016-10-01"
POLICY = "AzureADEntitlementManagementPOPAuthPolicy"
GLOBAL_CLAIMS = {
    "iss": f"https://sts.windows.net/{TENANT}/",
    "appid": "810dcf14-1858-4bf2-8134-4c369fa3235b",
    "m": "POST",
    "u": "management.azure.com",
    "p": (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-identity"
        "/providers/Microsoft.Logic/workflows/la-notify"
    ),
    "aud": "https://management.azure.com",
}
"""Written out, not computed: what the product computes is compared with it."""
LIFECYCLE = "ce79fdc4-cd1d-4ea5-8139-e74d7dbe0bb7"


def policy(type_name: Any = "AADPOP", **claims: Any) -> Json:
    """One policy, as ARM answers it; without claims, with the right ones of the global cloud."""
    pairs = claims or GLOBAL_CLAIMS
    return {
        "type": type_name,
        "claims": [{"name": name, "value": value} for name, value in pairs.items()],
    }


def body(**policies: Any) -> Json:
    """A sound Logic App; other policies replace the fitting one."""
    return {
        "id": LA.path,
        "name": LA.name,
        "type": "Microsoft.Logic/workflows",
        "properties": {
            "provisioningState": "Succeeded",
            "state": "Enabled",
            "accessEndpoint": ENDPOINT,
            "sku": None,
            "accessControl": {
                "triggers": {
                    "allowedCallerIpAddresses": [],
                    "openAuthenticationPolicies": {"policies": policies or {POLICY: policy()}},
                    "sasAuthenticationPolicy": {"state": "Disabled"},
                }
            },
            "definition": {"triggers": {"manual": request_trigger()}, "actions": {}},
        },
    }


def request_trigger(**inputs: Any) -> Json:
    """A Request trigger of Microsoft's template."""
    return {"type": "Request", "kind": "Http", "inputs": {"schema": {}, **inputs}}


def spoiled(spoil: Callable[[Any], Any]) -> Json:
    """The sound Logic App after this was done to its properties."""
    changed = body()
    spoil(changed["properties"])
    return changed


def calling(url: str | None = URL, *, name: str = "notify", line: int = 7, **more: Any) -> Caller:
    """An extension that calls the Logic App."""
    return Caller(name, SourceLocation("state.yaml", line, 5), LA, url, **more)


def found_in(
    observation: Observation,
    *callers: Caller,
    cloud: ArmCloud = CLOUDS["global"].arm,
    logic_app: LogicApp = LA,
) -> list[Diagnostic]:
    """The findings about an observation, for these callers."""
    claims = Claims.of(logic_app, cloud, TENANT)
    return list(findings(Checked(logic_app, callers or (calling(),), observation, claims)))


def found(
    answer: Json, *callers: Caller, cloud: ArmCloud = CLOUDS["global"].arm
) -> list[Diagnostic]:
    """The findings about an answer of Azure Resource Manager."""
    return found_in(workflow_of(answer), *callers, cloud=cloud)


def said(diagnostics: Sequence[Diagnostic]) -> list[tuple[str, str]]:
    """Code and severity of each finding."""
    return [(finding.code, finding.severity) for finding in diagnostics]
