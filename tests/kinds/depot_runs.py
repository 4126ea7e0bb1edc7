"""Planning and applying depots, with the engine as it is; as a script, one apply until it ends."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from clock import TIMEOUT_S
from depots import FORMAT, STRANGERS

from reconciler.app.observe import list_parents, observe, observe_listed, with_referred
from reconciler.apply.run import Run, apply_plan
from reconciler.auth.credentials import LoopbackToken
from reconciler.export.documents import export
from reconciler.graph.client import GraphClient, open_client
from reconciler.loader import load_texts
from reconciler.model.kind import Kinds
from reconciler.model.plan import Outcome, Plan
from reconciler.network.limits import Limits
from reconciler.network.retry import RetryPolicy
from reconciler.plan.build import PlanContext, build_plan

CONTEXT = PlanContext("0", "tenant", "http://127.0.0.1:1/v1.0", app_only=False)


async def at_once(_wait_s: float) -> None:
    """Waits for the others' turns only."""
    await asyncio.sleep(0)


@dataclass
class Depot:
    """A connection to the server of depots."""

    graph: GraphClient

    async def plan(self, text: str, kinds: Kinds = STRANGERS) -> Plan:
        """The plan for what the text declares."""
        loaded = load_texts([("depots.yaml", text)], FORMAT)
        assert loaded.errors == (), loaded.errors
        scopes = with_referred(kinds, loaded.scopes)
        observed = await observe(self.graph, kinds, scopes)
        return build_plan(list(zip(scopes, observed, strict=True)), kinds, CONTEXT)

    async def apply(self, plan: Plan) -> tuple[Outcome, ...]:
        """The outcomes of the plan."""
        return await apply_plan(plan, Run(self.graph, STRANGERS, at_once))

    async def export(self, *, parents_too: bool = False) -> str:
        """Everything that is live, as documents."""
        parents = await list_parents(self.graph, STRANGERS)
        every = [parent.ref for parent in parents]
        observed = await observe_listed(self.graph, STRANGERS, every)
        to_declare = parents if parents_too else ()
        exported = export(observed, every, FORMAT, named=False, to_declare=to_declare)
        return "---\n".join(document.text for document in exported.documents)


@asynccontextmanager
async def connected(url: str, concurrency: int = 8) -> AsyncIterator[Depot]:
    """A client for the server at this address; it does not wait between attempts."""
    limits = Limits(RetryPolicy(2, sleep=at_once), timeout_s=TIMEOUT_S, concurrency=concurrency)
    async with open_client(url, LoopbackToken("token"), limits) as graph:
        yield Depot(graph)


async def apply_once(url: str, text: str) -> None:
    """Plans and applies the text."""
    async with connected(url) as depot:
        await depot.apply(await depot.plan(text))


if __name__ == "__main__":
    asyncio.run(apply_once(sys.argv[1], sys.argv[2]))
