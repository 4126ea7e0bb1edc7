"""Runs that change policies, one after the other with one journal; each request can be replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from harness import Json, Tenant, declare, tenant
from journals import BEGIN, TARGET, Killed
from objects import KINDS

from reconciler.apply.journal import open_journal
from reconciler.apply.run import Run, apply_plan
from reconciler.apply.settle import settle
from reconciler.model.plan import Outcome, Plan, UnsettledWrite


@dataclass
class PolicyRuns:
    """A tenant and what is declared for it. `requests` are the methods, versions and last parts of
    the paths since the last run began; `fault` sees each of them.
    """

    folder: Path
    catalogs: Sequence[Json]
    policies: Sequence[Json]
    documents: Sequence[Json]
    switches: Sequence[str] = ()
    requests: list[str] = field(default_factory=list)
    fault: Callable[[web.Request, Handler], Any] = lambda request, handler: handler(request)
    held: Tenant = field(init=False)

    @property
    def journal(self) -> Path:
        """The journal of all runs."""
        return self.folder / "journal.jsonl"

    @property
    def desired(self) -> Path:
        """Where the documents are."""
        return self.folder / "desired"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Tenant]:
        """The tenant, with the documents in their files."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            version = "beta " if request.path.startswith("/beta") else ""
            last = request.path.rpartition("/")[2]
            self.requests.append(f"{request.method} {version}{last}")
            answer: web.StreamResponse = await self.fault(request, handler)
            return answer

        declare(self.desired, *self.documents)
        async with tenant(
            self.folder,
            *self.catalogs,
            policies=self.policies,
            switches=self.switches,
            faults=[around],
        ) as self.held:
            yield self.held

    async def killed_at(self, event: str, number: int = 1) -> None:
        """A run that is killed when it has recorded this event so many times."""
        plan = await self.held.plan_whole(self.desired)
        left = number
        with open_journal(self.journal) as kept:
            kept.record("begin", **BEGIN)

            def record(recorded: str, **members: Any) -> None:
                nonlocal left
                kept.record(recorded, **members)
                left -= recorded == event
                if not left:
                    raise Killed

            with pytest.raises(BaseExceptionGroup) as caught:
                await apply_plan(plan, Run(self.held.graph, KINDS, self.held.sleep, record=record))
        assert caught.value.split(Killed)[1] is None

    async def settled(self) -> tuple[UnsettledWrite, ...]:
        """What the next run cannot settle; `requests` and waits are those of the search."""
        self.requests.clear()
        self.held.waits.clear()
        with open_journal(self.journal) as kept:
            run = Run(self.held.graph, KINDS, self.held.sleep, record=kept.record)
            return await settle(kept.unsettled, TARGET, run)

    async def plan(self, unsettled: tuple[UnsettledWrite, ...] = ()) -> Plan:
        """A whole plan, in which these writes stay unsettled."""
        return await self.held.plan_whole(self.desired, unsettled=unsettled)

    async def apply(self, plan: Plan) -> list[Outcome]:
        """What carrying out the plan came to; recorded in the journal."""
        self.requests.clear()
        self.held.waits.clear()
        with open_journal(self.journal) as kept:
            kept.record("begin", **BEGIN)
            return [*await self.held.apply(plan, kept.record)]

    async def next_run(self) -> tuple[Plan, list[Outcome]]:
        """The next run: it settles, plans and applies."""
        plan = await self.plan(await self.settled())
        return plan, await self.apply(plan)

    @property
    def writes(self) -> list[str]:
        """The requests that write."""
        return [request for request in self.requests if not request.startswith("GET")]
