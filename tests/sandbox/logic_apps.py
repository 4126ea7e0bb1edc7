"""Seeds with Logic Apps, and requests to Azure Resource Manager, for several test files."""

import json
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox.conftest import Graph

Json = dict[str, Any]

SUBSCRIPTION = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-identity"
NOTIFY = f"{GROUP}/providers/Microsoft.Logic/workflows/la-notify-approvers"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/la-standard"
CALLBACK = f"{NOTIFY}/triggers/manual/listCallbackUrl"
VERSION = "?api-version=2019-05-01"


def seed(folder: Path, *logic_apps: Any) -> Path:
    """A seed file with these Logic Apps and nothing else."""
    file = folder / "seed.json"
    file.write_text(json.dumps({"catalogs": [], "logicApps": logic_apps}), "utf-8")
    return file


def arm(
    graph: Graph, path: str, query: str = VERSION, *, method: str = "GET", **more: Any
) -> httpx.Response:
    """The answer to a request at the root of the server that serves `graph`."""
    return graph.send(method, graph.base.removesuffix("/v1.0") + path + query, **more)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an error answer, which must have ARM's form."""
    (error,) = answer.json().values()
    assert set(error) == {"code", "message"}
    assert answer.headers["x-ms-request-id"]
    assert answer.headers["x-ms-correlation-request-id"]
    return answer.status_code, error["code"]
