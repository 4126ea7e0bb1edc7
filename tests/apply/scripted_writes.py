"""One change, written through the loop of apply to a Graph that reads truthfully and answers writes
as a test tells it to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from clock import LIMIT_S, TIMEOUT_S
from harness import extension
from objects import KINDS, PLACE, catalog_ref, desired_extension, observed_scope

from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import open_client
from reconciler.model.objects import DesiredScope
from reconciler.model.plan import Outcome, Plan
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.network.tokens import TokenSource
from reconciler.plan.build import PlanContext, build_plan
from tests.graph.scripted import CATALOG, TOKEN, Reply, Scripted, Seen, listing, refused, scripted

PARENT = catalog_ref(CATALOG, "Marketing")
LIVE = {**extension("live"), "id": "e-1"}
CREATED_ID = "e-2"
CHANGES = {
    "POST": desired_extension("new"),
    "PUT": desired_extension("live", body=extension("live", description="changed")),
}
"""What is declared beside nothing else, so that it is created or updated."""


@dataclass(frozen=True)
class Applied:
    """A write that is applied and then answered: with the object, or as the reply says."""

    reply: Reply | None = None


DONE = Applied()


class Holding:
    """A script for a Graph that holds one extension: writes get the answers in order, the last one
    for ever. After each read the connection is closed.
    """

    def __init__(self, *answers: Reply | Applied | Callable[[Seen], Reply | Applied]) -> None:
        self._answers = list(answers)
        self._extensions = {"e-1": LIVE}

    def __call__(self, seen: Seen) -> Reply:
        """The answer to a request."""
        if seen.method == "GET":
            return replace(self._read(seen), headers={"Connection": "close"})
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if not isinstance(answer, Reply | Applied):
            answer = answer(seen)
        if isinstance(answer, Reply):
            return answer
        extension_id = CREATED_ID if seen.method == "POST" else seen.path.rpartition("/")[2]
        self._extensions[extension_id] = {**seen.json, "id": extension_id}
        return answer.reply or Reply(200, self._extensions[extension_id])

    def _read(self, seen: Seen) -> Reply:
        if seen.path.endswith("customWorkflowExtensions"):
            return listing(*self._extensions.values())
        live = self._extensions.get(seen.path.rpartition("/")[2])
        return Reply(200, live) if live else refused(404)


@dataclass
class Writes:
    """What became of one change: its outcome, the requests, the waits between attempts, the waits
    before polls, the journal, and how many writes had been sent at the first poll.
    """

    outcome: Outcome
    seen: list[Seen]
    waits: list[float]
    polls: list[float]
    journal: list[tuple[str, dict[str, Any]]]
    sent_at_once: int

    @property
    def methods(self) -> list[str]:
        """The verbs of all requests."""
        return [seen.method for seen in self.seen]

    @property
    def writes(self) -> list[Seen]:
        """The writes that arrived."""
        return [seen for seen in self.seen if seen.method != "GET"]


@dataclass
class Story:
    """One write against a server; the hooks are called at each record of the journal, and while an
    attempt waits.
    """

    retries: int = 3
    tokens: TokenSource = field(default_factory=lambda: LoopbackToken(TOKEN))
    token: str | None = TOKEN
    on_record: Callable[[Scripted, str], None] = lambda _graph, _event: None
    on_wait: Callable[[Scripted], Any] | None = None

    def write(self, method: str, *answers: Any) -> Writes:
        """What becomes of a create (POST) or an update (PUT) where writes are answered so."""
        return asyncio.run(asyncio.wait_for(self._write(method, *answers), LIMIT_S))

    async def _write(self, method: str, *answers: Any) -> Writes:
        waits: list[float] = []
        polls: list[float] = []
        journal: list[tuple[str, dict[str, Any]]] = []
        sent_at_polls: list[int] = []
        async with scripted(Holding(*answers), token=self.token) as graph:

            def sent() -> int:
                return sum(seen.method != "GET" for seen in graph.seen)

            async def wait(wait_s: float) -> None:
                waits.append(wait_s)
                if self.on_wait is not None:
                    await self.on_wait(graph)

            async def poll(wait_s: float) -> None:
                polls.append(wait_s)
                sent_at_polls.append(sent())

            def record(event: str, **members: Any) -> None:
                journal.append((event, members))
                self.on_record(graph, event)

            retry = RetryPolicy(self.retries, sleep=wait, chance=lambda: 1.0)
            limits = Limits(retry, TIMEOUT_S)
            async with open_client(graph.base, self.tokens, limits) as client:
                run = Run(client, KINDS, poll, record=record)
                (outcome,) = await apply_plan(plan_of(method), run)
            first = sent_at_polls[0] if sent_at_polls else sent()
            return Writes(outcome, graph.seen, waits, polls, journal, first)


def plan_of(method: str) -> Plan:
    """The plan with one change, which is written with the verb."""
    declared = replace(CHANGES[method], parents=(PARENT,))
    desired = DesiredScope(PARENT, (declared,), PLACE)
    context = PlanContext("0", "tenant", "sandbox", app_only=False)
    return build_plan([(desired, observed_scope(PARENT, LIVE))], KINDS, context)
