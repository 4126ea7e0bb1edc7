"""What tests of whole runs share: a seeded sandbox, declarations as files, and the command line in
this process.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from clock import TIMEOUT_S

from reconciler.app.kinds import KINDS, document_format
from reconciler.app.observe import observe
from reconciler.app.reads import with_reads
from reconciler.apply.journal import Record, ignored
from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.cli import run
from reconciler.graph.client import GraphClient, open_client
from reconciler.loader import load
from reconciler.model.plan import Outcome, Plan, UnsettledWrite
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.network.tokens import TokenSource
from reconciler.plan.build import NOT_READ, PlanContext, build_plan
from reconciler.plan.reads import Reads
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store, reset
from reconciler.sandbox.switches import parse_switches
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN, LOOPBACK_TENANT

MARKETING = "32efb28c-9a7a-446c-986b-ca6528c6669d"
FINANCE = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"
REQUEST = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
SUBSCRIPTION = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
URL = (
    "https://prod-31.westeurope.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef"
    "/triggers/manual/paths/invoke?api-version=2016-10-01"
)

_TOKEN = LoopbackToken(DEFAULT_LOOPBACK_TOKEN)

Json = dict[str, Any]

ARRIVED = web.RequestKey("arrived", list[str])
"""The paths of all requests that have arrived at the sandbox of a `tenant`, in order."""


def extension(name: str, type_name: str = REQUEST, **properties: Any) -> Json:
    """A complete request body; `properties` are added or replace."""
    return {
        "@odata.type": type_name,
        "displayName": name,
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
            "subscriptionId": SUBSCRIPTION,
            "resourceGroupName": "rg",
            "logicAppWorkflowName": "la",
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        },
        **properties,
    }


def catalog(
    name: str = "Marketing", catalog_id: str = MARKETING, extensions: Sequence[Json] = ()
) -> Json:
    """A catalog of a sandbox seed."""
    return {"id": catalog_id, "displayName": name, "customWorkflowExtensions": list(extensions)}


def write_seed(file: Path, *catalogs: Json, policies: Sequence[Json] = ()) -> Path:
    """A seed file with these catalogs and policies."""
    file.write_text(json.dumps({"catalogs": list(catalogs), "policies": list(policies)}))
    return file


def declare(folder: Path, *documents: Json, name: str = "state.yaml") -> Path:
    """Desired-state documents as one YAML file (JSON is YAML) in the folder."""
    folder.mkdir(exist_ok=True, parents=True)
    file = folder / name
    file.write_text("".join(f"---\n{json.dumps(document)}\n" for document in documents))
    return file


def dispositions(disposition: signal.Handlers) -> Callable[[], None]:
    """What a child does before it runs: the signals that end a run get this disposition, whatever
    we inherited.
    """

    def set_all() -> None:
        """In the child."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, disposition)

    return set_all


def send_signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signals a child, or nobody when it has ended already.

    `Process.send_signal` of Python 3.11 first polls; that poll may reap a child that has just
    ended, and asyncio then reports 255 in place of its exit code.
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


class Unseen:
    """Progress that nobody sees."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Nothing."""

    def remark(self, text: str) -> None:
        """Nothing."""


class Running:
    """A clock that goes on only while somebody sleeps, and then at once to the end of it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    async def sleep(self, wait_s: float) -> None:
        """The others get their turns, then the time is over."""
        until_s = self.now_s + wait_s
        for _ in range(40):
            await asyncio.sleep(0)
        self.now_s = max(self.now_s, until_s)


@dataclass
class Tenant:
    """A served sandbox and a client for it, with the clock taken away: waits are noted,
    not waited.
    """

    graph: GraphClient
    store: Store
    waits: list[float]
    meanwhile: Callable[[float], Awaitable[None]] = field(default=lambda _wait_s: asyncio.sleep(0))

    async def plan(self, folder: Path, *, app_only: bool = False) -> Plan:
        """A fresh plan for what the folder declares."""
        loaded = load([folder], document_format())
        assert loaded.errors == ()
        observed = await observe(self.graph, KINDS, loaded.scopes)
        pairs = list(zip(loaded.scopes, observed, strict=True))
        return build_plan(pairs, KINDS, PlanContext("0", LOOPBACK_TENANT, "sandbox", app_only))

    async def plan_whole(
        self,
        folder: Path,
        *,
        second_looks: bool = True,
        unsettled: tuple[UnsettledWrite, ...] = (),
    ) -> Plan:
        """The same, with everything that is read for what the plan changes."""
        loaded = load([folder], document_format())
        assert loaded.errors == (), loaded.errors
        observed = await observe(self.graph, KINDS, loaded.scopes)
        pairs = list(zip(loaded.scopes, observed, strict=True))
        context = PlanContext("0", LOOPBACK_TENANT, "sandbox", False, unsettled=unsettled)

        def build(reads: Reads = NOT_READ) -> Plan:
            return build_plan(pairs, KINDS, context, reads, loaded.scopes)

        live = {each.ref.key: each for scope in observed for each in scope.objects}
        return await with_reads(self.graph, build, live if second_looks else {}, Unseen())

    async def apply(self, plan: Plan, record: Record = ignored) -> tuple[Outcome, ...]:
        """What carrying the plan out came to."""
        return await apply_plan(plan, Run(self.graph, KINDS, self.sleep, record=record))

    async def sleep(self, wait_s: float) -> None:
        """Notes the wait; what happens `meanwhile` is at least that the others get a turn."""
        self.waits.append(wait_s)
        await self.meanwhile(wait_s)


@asynccontextmanager
async def tenant(
    folder: Path,
    *catalogs: Json,
    policies: Sequence[Json] = (),
    switches: Sequence[str] = (),
    faults: Sequence[Any] = (),
    tokens: TokenSource | None = None,
) -> AsyncIterator[Tenant]:
    """A tenant that holds these catalogs, in a database of the folder; max_retries is 2."""
    database = folder / "tenant.sqlite3"
    reset(database, seed=write_seed(folder / "seed.json", *catalogs, policies=policies))
    waits: list[float] = []
    arrived: list[str] = []

    @web.middleware
    async def counting(request: web.Request, handler: Handler) -> web.StreamResponse:
        arrived.append(request.path)
        request[ARRIVED] = arrived
        return await handler(request)

    behaviour = parse_switches(switches)
    async with serve(database, switches=behaviour, faults=[counting, *faults]) as url:
        store = Store(database)
        held = Tenant(None, store, waits)  # type: ignore[arg-type]
        limits = Limits(
            RetryPolicy(2, sleep=held.sleep, elapsed_s=lambda: sum(waits), chance=lambda: 0.0),
            TIMEOUT_S,
        )
        async with open_client(url, tokens or _TOKEN, limits) as graph:
            held.graph = graph
            try:
                yield held
            finally:
                store.close()


@contextmanager
def served_sandbox(folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """The base URL of a sandbox in a process of its own, on the folder's default database; stopped
    at the end.
    """
    command = [sys.executable, "-m", "reconciler", "sandbox", "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            assert process.wait(TIMEOUT_S) == 0


@dataclass
class Ran:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """Stdout as JSON."""
        document: Json = json.loads(self.out)
        return document

    @property
    def last(self) -> str:
        """The last line of stdout."""
        return self.out.splitlines()[-1]


@dataclass
class CommandLine:
    """The command line in this process, in a folder of its own."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Ran:
        self.capture.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = self.capture.readouterr()
        return Ran(code, captured.out, captured.err)

    def seed(
        self, *catalogs: Json, policies: Sequence[Json] = (), switches: Sequence[str] = ()
    ) -> None:
        """A new default sandbox with these catalogs and policies."""
        database = self.folder / ".reconciler" / "sandbox.sqlite3"
        database.parent.mkdir(exist_ok=True)
        reset(
            database,
            seed=write_seed(self.folder / "seed.json", *catalogs, policies=policies),
            switches=parse_switches(switches),
        )

    def catch_up(self) -> None:
        """Ends the time in which reads of the default sandbox lag behind writes."""
        with Store(self.folder / ".reconciler" / "sandbox.sqlite3") as store:
            store.end_lag()

    def live(self) -> list[Json]:
        """Every extension that the default sandbox holds."""
        with self.store() as store:
            return store.extensions()

    def store(self) -> Store:
        """What the default sandbox holds; to be closed."""
        return Store(self.folder / ".reconciler" / "sandbox.sqlite3")


@pytest.fixture
def reconciler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line, run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path, capsys)
