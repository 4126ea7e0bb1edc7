"""Made-up tenants: what is live as a sandbox seed, what is declared as YAML, and the same as JSON
for the peers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
REQUEST = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"


@dataclass(frozen=True)
class Tenant:
    """A folder that holds `seed.json`, `desired_state/` and `declared.json`; so many catalogs are
    declared and live.
    """

    folder: Path
    declared: int
    live: int


def extension(catalog: int, number: int) -> Json:
    """A whole request body, as the create page shows it."""
    return {
        "@odata.type": REQUEST,
        "displayName": f"extension {number} of {catalog:04}",
        "description": "Sends a mail to whoever asked for it.",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
            "resourceGroupName": "rg-access",
            "logicAppWorkflowName": f"la-{number}",
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        },
        "callbackConfiguration": {
            "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
            "timeoutDuration": "PT1H",
        },
    }


def name(catalog: int) -> str:
    """The display name of a catalog."""
    return f"Catalog {catalog:04}"


def make(
    folder: Path, catalogs: int, *, declared: int, live: int, live_catalogs: int = 0
) -> Tenant:
    """A tenant whose first `catalogs` catalogs have `live` extensions each, and as many files that
    declare `declared`.

    `live_catalogs` is the number of catalogs altogether, if there are more.
    """
    (folder / "desired_state").mkdir(parents=True)
    everything = max(catalogs, live_catalogs)
    seed = {
        "catalogs": [
            {
                "displayName": name(one),
                "customWorkflowExtensions": [
                    extension(one, number) for number in range(live if one < catalogs else 0)
                ],
            }
            for one in range(everything)
        ]
    }
    (folder / "seed.json").write_text(json.dumps(seed))
    documents = [
        {"catalog": name(one), "extensions": [extension(one, number) for number in range(declared)]}
        for one in range(catalogs)
    ]
    for one, document in enumerate(documents):
        text = yaml.safe_dump(document, sort_keys=False)
        (folder / "desired_state" / f"catalog-{one:04}.yaml").write_text(text)
    (folder / "declared.json").write_text(json.dumps(documents))
    return Tenant(folder, catalogs, everything)
