"""The step that writes: applies an approved plan; the operator can end it early."""

from __future__ import annotations

import asyncio

from reconciler import __version__, signals
from reconciler.app.connection import Connection
from reconciler.app.runs import Applied, Progress
from reconciler.app.steps import counting
from reconciler.apply.journal import Record
from reconciler.apply.run import apply_plan
from reconciler.apply.stop import Stop
from reconciler.apply.write import Writer
from reconciler.model.plan import Plan


async def carry_out(
    approved: Plan, connection: Connection, progress: Progress, record: Record
) -> Applied:
    """Applies a plan that was shown and approved.

    After the first signal no new write starts, the second cancels the requests in flight, further
    ones do nothing. That holds until the process ends, so that the outcomes are reported however
    often somebody presses Ctrl-C.
    """
    applied = counting("applying changes", len(approved.changes), progress)
    stop, loop = Stop(), asyncio.get_running_loop()
    record(
        "begin",
        tool_version=__version__,
        tenant_id=approved.tenant_id,
        graph_url=approved.graph_url,
        digest=approved.digest,
        pending=len(approved.pending),
    )
    signals.react(lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.request))
    writer = Writer(connection.graph, stop=stop, record=record)
    outcomes = await apply_plan(approved, writer, lambda _: applied())
    return Applied(approved, outcomes, interrupted=stop.requested, error=stop.error)
