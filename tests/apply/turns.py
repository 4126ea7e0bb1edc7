"""Whose request Graph hears next, where two runs at once apply plans that were made before."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from harness import Tenant
from objects import KINDS

from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.graph.client import open_client
from reconciler.model.plan import Outcome, Plan
from reconciler.sandbox.server import serve
from reconciler.sandbox.switches import Switches
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN


@dataclass
class Turns:
    """The order of the runs; any order once the list is used up, or a run has ended. `heard` has
    run, method, status and path of each request, `answers` the texts of the answers.
    """

    order: list[int]
    ended: set[int] = field(default_factory=set)
    heard: list[tuple[int, str, int, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def apply(
        self, run: int, plan: Plan, held: Tenant, folder: Path, switches: Switches
    ) -> list[Outcome]:
        """The outcomes of one run, through a server of its own on the tenant's database."""
        database = folder / "tenant.sqlite3"
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(
                serve(database, switches=switches, faults=[self.fault(run)])
            )
            graph = await stack.enter_async_context(
                open_client(url, LoopbackToken(DEFAULT_LOOPBACK_TOKEN), held.graph.limits)
            )
            outcomes = await apply_plan(plan, Run(graph, KINDS, held.sleep))
            await self.end(run)
            return [*outcomes]

    def fault(self, run: int) -> Any:
        """The middleware of a run's own server: it answers when it is the run's turn."""

        @web.middleware
        async def in_turn(request: web.Request, handler: Handler) -> web.StreamResponse:
            async with self.changed:
                await self.changed.wait_for(lambda: self._next() in (run, None))
                status, text = 404, ""
                try:
                    answer = await handler(request)
                    status = answer.status
                    assert isinstance(answer, web.Response)
                    text = answer.text or ""
                    return answer
                finally:
                    self.heard.append((run, request.method, status, request.path))
                    self.answers.append(text)
                    self.order[:1] = []
                    self.changed.notify_all()

        return in_turn

    async def end(self, run: int) -> None:
        """The run sends nothing more."""
        async with self.changed:
            self.ended.add(run)
            self.changed.notify_all()

    def _next(self) -> int | None:
        return next((run for run in self.order if run not in self.ended), None)

    def written(self, run: int) -> int:
        """How many writes of the run were applied."""
        return sum(
            number == run and method != "GET" and status < 300
            for number, method, status, _ in self.heard
        )
