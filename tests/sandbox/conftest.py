"""A real sandbox on loopback for each test, spoken to over HTTP."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from clock import TIMEOUT_S

from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import Switches, parse_switches

EM = "/identityGovernance/entitlementManagement"
TOKEN = "loopback-token-not-secret"
Json = dict[str, Any]


class Graph:
    """A client of one serving sandbox; paths are relative to entitlement management."""

    def __init__(self, base: str, client: httpx.Client, database: Path) -> None:
        self.base = base
        self.client = client
        self.database = database

    MARKETING = "32efb28c-9a7a-446c-986b-ca6528c6669d"
    FINANCE = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"
    POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e07"
    NOTIFY, EXPIRY, LEGACY = (
        "0c1d7c0e-8a58-4d7c-9a39-0b4b2e1f6f01",
        "1f6b2a4d-5e0f-4c7b-8b1a-2d3c4e5f6a02",
        "2a7c3b5e-6f10-4d8c-9c2b-3e4d5f607b03",
    )

    @staticmethod
    def extensions(catalog: str = MARKETING, extension: str = "") -> str:
        """The path of a catalog's extensions, or of one of them."""
        return f"/catalogs/{catalog}/customWorkflowExtensions" + (
            f"/{extension}" if extension else ""
        )

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.base}{EM}{path}"
        if body is not None:
            # json.dumps and not httpx's own: it can carry a lone surrogate, as JSON may.
            more.update(content=json.dumps(body), headers={"Content-Type": "application/json"})
        return self.client.request(method, url, **more)

    def send_too_early(self, method: str, path: str, body: Any) -> None:
        """Sends what cannot be answered yet, and gives up: only the answer has little time."""
        with pytest.raises(httpx.ReadTimeout):
            self.send(method, path, body, timeout=httpx.Timeout(TIMEOUT_S, read=0.3))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def create(self, body: Json, catalog: str = MARKETING) -> Json:
        answer = self.send("POST", self.extensions(catalog), body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def pages(self, path: str, **more: Any) -> list[list[Json]]:
        """Every page of a listing; the links are followed as they are."""
        found, link = [], path
        while link:
            answer = self.get(link, **more)
            assert answer.status_code == 200, answer.text
            more = {}
            found.append(answer.json()["value"])
            assert len(found) < 100, "the listing does not end"
            link = answer.json().get("@odata.nextLink")
        return found

    def every(self, path: str, **more: Any) -> list[Json]:
        return [one for page in self.pages(path, **more) for one in page]


def serve_in_thread(
    database: Path, switches: Switches | None, **more: Any
) -> tuple[str, Callable[[], None]]:
    ready, box = threading.Event(), {}

    async def main() -> None:
        box["stop"] = asyncio.Event()
        box["loop"] = asyncio.get_running_loop()
        try:
            async with serve(database, switches=switches, **more) as base:
                box["base"] = base
                ready.set()
                await box["stop"].wait()
        finally:
            ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert ready.wait(TIMEOUT_S) and "base" in box

    def stop() -> None:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(TIMEOUT_S)

    return box["base"], stop


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Graph]]:
    """Start a sandbox: `start("page_size=2", seed=…, database=…, token=…)`; stopped
    after the test.
    """
    with ExitStack() as stack:

        def begin(
            *pairs: str, database: Path | None = None, token: str = TOKEN, **more: Any
        ) -> Graph:
            file = database or tmp_path / "sandbox.sqlite3"
            base, stop = serve_in_thread(file, parse_switches(pairs) if pairs else None, **more)
            stack.callback(stop)
            client = httpx.Client(
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                verify=False,
                timeout=TIMEOUT_S,
            )
            return Graph(base, stack.enter_context(client), file)

        yield begin


@pytest.fixture(autouse=True)
def no_tokens_in_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RECONCILER_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def request_body() -> Json:
    """A request-type extension as a client sends it (docs/graph.md §2.2)."""
    return {
        "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
        "displayName": "notify-hr",
        "description": "fires on request",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
            "resourceGroupName": "rg-identity",
            "logicAppWorkflowName": "la-hr",
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        },
        "callbackConfiguration": {
            "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
            "timeoutDuration": "PT1H",
        },
    }


@pytest.fixture
def expiry_body(request_body: Json) -> Json:
    """A pre-expiry extension: the same without a callback."""
    del request_body["callbackConfiguration"]
    kind = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
    return {**request_body, "@odata.type": kind, "displayName": "expiry-mail"}
