"""One cell of the matrix, run for real: a plan and an apply with one fault, and a second run
without it.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from fault_kinds import CLIENT_TIMEOUT_S, ELSEWHERE, FAULTS, Handler
from harness import FINANCE, MARKETING, Json, Tenant, catalog, declare, end_lag, extension, tenant

from reconciler.model.plan import Outcome, Plan
from reconciler.sandbox.errors import GraphError

STEPS = (
    "list catalogs",
    "list extensions",
    "pre-check, PUT",
    "PUT",
    "read-back, PUT",
    "pre-check, POST",
    "POST",
    "read-back, POST",
)
LATE = "once, and reads lag behind writes"
IN_TURN = "once, and reads are served by two views in turn"
TIMES = {"once": STEPS, "every time": STEPS, LATE: STEPS[3:], IN_TURN: STEPS[3:]}
"""How often a fault occurs, and at which steps: before the first write no read can lag."""
SWITCHES = {LATE: ["lag_reads=5"], IN_TURN: ["lag_reads=3", "views=2"]}
CHANGED_ID = "c0000000-0000-4000-8000-000000000001"
KEPT = extension("kept")
DECLARED = {
    MARKETING: [KEPT, extension("changed", description="new"), extension("new", description="new")],
    FINANCE: [extension("other", description="new")],
}

Live = dict[str, list[Json]]


@dataclass(frozen=True)
class Seen:
    """A request for Marketing as it arrived; `waited` is the number of waits of the run
    before it.
    """

    step: str
    method: str
    target: str
    waited: int
    faulty: bool


@dataclass
class Story:
    """Everything about one cell."""

    times: str
    fault: str
    step: str
    before: Live = field(default_factory=dict)
    first: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    after: Live = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    foreign_connections: int = 0
    planned_again: list[str] = field(default_factory=list)
    outcomes_again: tuple[Outcome, ...] = ()
    at_the_end: Live = field(default_factory=dict)

    def status_of(self, name: str) -> str:
        """The outcome of the change, in a word."""
        (status,) = (
            "blocked" if outcome.change.action == "blocked" else outcome.status
            for outcome in self.outcomes
            if outcome.change.object.display_name == name
        )
        return status

    def sent(self, method: str) -> list[Seen]:
        """Every attempt of a write."""
        return [seen for seen in self.seen if seen.method == method]

    @property
    def touched(self) -> dict[str, str]:
        """The changes that the fault affects, and their methods: a step of the plan affects the
        whole catalog.
        """
        changes = {"changed": "PUT", "new": "POST"}
        return {name: verb for name, verb in changes.items() if self.step.endswith(verb)} or changes


def step_of(request: web.Request, story: Story) -> str:
    """The step that a request for Marketing belongs to."""
    if "customWorkflowExtensions" not in request.path:
        return "list catalogs"
    if story.first is None:
        return "list extensions"
    if request.method != "GET":
        return request.method
    verb = "PUT" if request.path.endswith(CHANGED_ID) else "POST"
    return f"{'read-back' if story.sent(verb) else 'pre-check'}, {verb}"


async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The sandbox's answer; a fault may replace an error answer too."""
    try:
        return await handler(request)
    except GraphError as error:
        return web.json_response(
            {"error": {"code": error.code, "message": error.message}}, status=error.status
        )


async def happen(story: Story, folder: Path) -> Story:
    """Runs the story to the end and records it."""
    healed = False

    @web.middleware
    async def trouble(request: web.Request, handler: Handler) -> web.StreamResponse:
        """The fault, if the story is at its step; records the requests for Marketing."""
        if healed or (MARKETING not in request.path and "Marketing" not in request.query_string):
            return await handler(request)
        step = step_of(request, story)
        faulty = step == story.step and (
            story.times == "every time" or not any(seen.faulty for seen in story.seen)
        )
        story.seen.append(Seen(step, request.method, request.path_qs, len(story.waits), faulty))
        if not faulty:
            return await handler(request)
        request[ELSEWHERE] = foreign_url
        return await FAULTS[story.fault](request, lambda passed_on: answered(passed_on, handler))

    desired = folder / "desired"
    declare(
        desired,
        {"catalog": "Marketing", "extensions": DECLARED[MARKETING]},
        {"catalog": "Finance", "extensions": DECLARED[FINANCE]},
    )
    marketing = catalog(extensions=[KEPT, {"id": CHANGED_ID, **extension("changed")}])
    finance = catalog("Finance", FINANCE)
    switches = SWITCHES.get(story.times, [])
    timeout_s = CLIENT_TIMEOUT_S if story.fault.startswith("timeout") else 10
    with foreign_server(story) as foreign_url:
        async with tenant(
            folder, marketing, finance, switches=switches, faults=[trouble], timeout_s=timeout_s
        ) as held:
            story.waits, story.before = held.waits, live(held)
            story.first = await held.plan(desired)
            story.outcomes, story.after = await held.apply(story.first), live(held)
            healed = True
            end_lag(held.store)
            second = await held.plan(desired)
            story.planned_again = [change.object.display_name for change in second.pending]
            story.outcomes_again, story.at_the_end = await held.apply(second), live(held)
    return story


def live(held: Tenant) -> Live:
    """The tenant's extensions without lag, by catalog."""
    return {catalog_id: held.store.extensions(catalog_id) for catalog_id in DECLARED}


@contextmanager
def foreign_server(story: Story) -> Iterator[str]:
    """The base URL of a server that no request may reach; the story counts its connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        try:
            while True:
                server.accept()[0].close()
                story.foreign_connections += 1
        except BlockingIOError:
            return
