"""One cell of the matrix, run for real: a plan and an apply with one fault, and a second run
without it.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from fault_kinds import ELSEWHERE, FAULTS, Handler
from fault_plots import EVERY_TIME, SWITCHES, WRITES, Plot
from harness import FINANCE, MARKETING, Json, Tenant, catalog, declare, tenant

from reconciler.model.plan import Change, Outcome, Plan
from reconciler.sandbox.errors import GraphError

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
    plot: Plot = WRITES
    before: Live = field(default_factory=dict)
    first: Plan | None = None
    outcomes: tuple[Outcome, ...] = ()
    after: Live = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    foreign_connections: int = 0
    second: Plan | None = None
    outcomes_again: tuple[Outcome, ...] = ()
    at_the_end: Live = field(default_factory=dict)

    def outcome_of(self, name: str) -> Outcome:
        """The outcome of the change."""
        (outcome,) = (
            outcome for outcome in self.outcomes if outcome.change.object.display_name == name
        )
        return outcome

    def status_of(self, name: str) -> str:
        """The outcome of the change, in a word."""
        outcome = self.outcome_of(name)
        return "blocked" if outcome.change.action == "blocked" else outcome.status

    def sent(self, step: str) -> list[Seen]:
        """Every attempt of a write."""
        return [seen for seen in self.seen if seen.step == step]

    @property
    def touched(self) -> dict[str, str]:
        """The steps that send and are affected by the fault, and what they change: a step of the
        plan affects the whole catalog.
        """
        changes = dict(self.plot.changes)
        sends = self.step.rpartition(", ")[2]
        return {sends: changes[sends]} if sends in changes else changes

    @property
    def unfinished(self) -> list[Change]:
        """The replacements that the second plan found half-way."""
        blocked = self.second.blocked if self.second else ()
        return [change for change in blocked if change.reason.code == "replace_unfinished"]


def step_of(request: web.Request, story: Story) -> str:
    """The step that a request for Marketing belongs to."""
    if "customWorkflowExtensions" not in request.path:
        return "list catalogs"
    if story.first is None:
        return "list extensions"
    sends = story.plot.sends(request.path)
    if request.method != "GET":
        return sends
    return f"{'read-back' if story.sent(sends) else 'pre-check'}, {sends}"


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
            story.times == EVERY_TIME or not any(seen.faulty for seen in story.seen)
        )
        story.seen.append(Seen(step, request.method, request.path_qs, len(story.waits), faulty))
        if not faulty:
            return await handler(request)
        request[ELSEWHERE] = foreign_url
        return await FAULTS[story.fault](request, lambda passed_on: answered(passed_on, handler))

    desired = folder / "desired"
    declare_all(desired, story.plot.declared[MARKETING], story)
    marketing = catalog(extensions=story.plot.live)
    finance = catalog("Finance", FINANCE)
    switches = SWITCHES.get(story.times, [])
    with foreign_server(story) as foreign_url:
        async with tenant(folder, marketing, finance, switches=switches, faults=[trouble]) as held:
            story.waits, story.before = held.waits, live(held)
            story.first = await held.plan(desired)
            story.outcomes, story.after = await held.apply(story.first), live(held)
            healed = True
            held.store.end_lag()
            story.second = await held.plan(desired)
            if story.unfinished:
                declare_all(desired, finishing(story), story)
            last = await held.plan(desired)
            story.outcomes_again, story.at_the_end = await held.apply(last), live(held)
    return story


def declare_all(folder: Path, marketing: Sequence[Json], story: Story) -> None:
    """Declares these extensions for Marketing, and those of the story for Finance."""
    finance = story.plot.declared[FINANCE]
    declare(
        folder,
        {"catalog": "Marketing", "extensions": [*marketing]},
        {"catalog": "Finance", "extensions": [*finance]},
    )


def finishing(story: Story) -> list[Json]:
    """What is declared for Marketing, with what `replace_unfinished` says to declare instead."""
    ids = {change.object.display_name: change.reason.parameters for change in story.unfinished}
    declared: list[Json] = []
    for body in story.plot.declared[MARKETING]:
        both = ids.get(body["displayName"])
        declared.append({**body, "id": both["new_id"]} if both else body)
        if both:
            declared.append({"id": both["old_id"], "ensure": "absent"})
    return declared


def live(held: Tenant) -> Live:
    """The tenant's extensions without lag, by catalog."""
    return {catalog_id: held.store.extensions(catalog_id) for catalog_id in (MARKETING, FINANCE)}


@contextmanager
def foreign_server(story: Any) -> Iterator[str]:
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
