"""Journals as earlier runs have left them, and runs that read them back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from harness import MARKETING, Tenant, catalog, declare, tenant
from objects import KINDS

from reconciler.app.kinds import document_format
from reconciler.app.observe import observe
from reconciler.apply.history import Target
from reconciler.apply.journal import Journal, open_journal
from reconciler.apply.run import Run, apply_plan
from reconciler.apply.settle import settle
from reconciler.loader import load
from reconciler.model.plan import Outcome, Plan, UnsettledWrite
from reconciler.plan.build import PlanContext, build_plan
from reconciler.settings import LOOPBACK_TENANT

TARGET = Target(LOOPBACK_TENANT, "sandbox")
BEGIN = {"tenant_id": LOOPBACK_TENANT, "graph_url": "sandbox"}
PARENTS = [{"kind": "catalog", "id": MARKETING, "display_name": "Marketing"}]


class Killed(BaseException):
    """In place of SIGKILL: nothing of the run continues."""


def write_line(
    action: str = "create", name: str = "a", object_id: str | None = None, **members: Any
) -> dict[str, Any]:
    """The members of a line about one write."""
    named = {"id": object_id, "display_name": name, "type": None}
    return {"kind": "extension", "action": action, "parents": PARENTS, "object": named, **members}


def written(file: Path, *events: tuple[str, dict[str, Any]]) -> Path:
    """The journal of one more run, with these lines after its first one."""
    journal = Journal(file)
    journal.record("begin", **BEGIN)
    for event, members in events:
        journal.record(event, **members)
    journal.close()
    return file


def unsettled_in(file: Path) -> list[tuple[str, str | None]]:
    """Action and name of each write that the journal shows as unsettled."""
    with open_journal(file) as kept:
        return [(write.action, write.object.display_name) for write in kept.unsettled]


@dataclass
class JournalStory:
    """One catalog and what is declared in it, over several runs with one journal.

    `fault` sees every request; `requests` are the methods and paths since the last run began.
    """

    folder: Path
    live: list[Any]
    wanted: list[Any]
    switches: tuple[str, ...] = ()
    declared_catalog: Any = "Marketing"
    requests: list[str] = field(default_factory=list)
    fault: Callable[[web.Request, Handler], Any] = lambda request, handler: handler(request)
    held: Tenant = field(init=False)

    @property
    def journal(self) -> Path:
        """The journal of all runs."""
        return self.folder / "journal.jsonl"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[JournalStory]:
        """The story with its Graph."""

        @web.middleware
        async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.requests.append(f"{request.method} {request.path.rpartition('/')[2]}")
            answer: web.StreamResponse = await self.fault(request, handler)
            return answer

        document = {"catalog": self.declared_catalog, "extensions": self.wanted}
        declare(self.folder / "desired", document)
        async with tenant(
            self.folder, catalog(extensions=self.live), switches=self.switches, faults=[around]
        ) as self.held:
            yield self

    async def killed_at(self, event: str, *, recorded: bool = True) -> None:
        """A run that is killed when it records this event the first time: before or after that."""
        plan = await self.held.plan(self.folder / "desired")
        with open_journal(self.journal) as kept:
            kept.record("begin", **BEGIN)

            def record(recorded_event: str, **members: Any) -> None:
                if recorded_event != event:
                    kept.record(recorded_event, **members)
                    return
                if recorded:
                    kept.record(recorded_event, **members)
                raise Killed

            run = Run(self.held.graph, KINDS, self.held.sleep, record=record)
            with pytest.raises(BaseExceptionGroup) as caught:
                await apply_plan(plan, run)
        assert caught.value.split(Killed)[1] is None

    async def settled(self, target: Target = TARGET) -> tuple[UnsettledWrite, ...]:
        """What stays unsettled in a run for that target."""
        self.requests.clear()
        self.held.waits.clear()
        with open_journal(self.journal) as kept:
            run = Run(self.held.graph, KINDS, self.held.sleep, record=kept.record)
            return await settle(kept.unsettled, target, run)

    async def plan(self, unsettled: tuple[UnsettledWrite, ...] = ()) -> Plan:
        """The plan of a run in which these writes stay unsettled."""
        loaded = load([self.folder / "desired"], document_format())
        observed = await observe(self.held.graph, KINDS, loaded.scopes)
        context = PlanContext("0", LOOPBACK_TENANT, "sandbox", app_only=False, unsettled=unsettled)
        return build_plan(list(zip(loaded.scopes, observed, strict=True)), KINDS, context)

    async def next_run(self) -> tuple[Plan, list[Outcome]]:
        """The next run: it settles, plans and applies."""
        plan = await self.plan(await self.settled())
        with open_journal(self.journal) as kept:
            kept.record("begin", **BEGIN)
            run = Run(self.held.graph, KINDS, self.held.sleep, record=kept.record)
            return plan, list(await apply_plan(plan, run))
