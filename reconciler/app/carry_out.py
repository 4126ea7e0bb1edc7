"""The step that writes: an approved plan is carried out, and the operator may end it early."""

from __future__ import annotations

import asyncio

from reconciler import __version__
from reconciler.app.connection import Connection
from reconciler.app.runs import Applied, Progress
from reconciler.app.signals import stop_signals
from reconciler.app.steps import counting
from reconciler.apply.journal import Record
from reconciler.apply.run import apply_plan
from reconciler.apply.stop import Stop
from reconciler.apply.write import Writer
from reconciler.model.plan import Plan


async def carry_out(approved: Plan, connection: Connection, progress: Progress, record: Record) -> Applied:
    """Applies a plan that was shown and approved.

    The first SIGINT or SIGTERM lets no new write start, the second ends what is in flight; both let it report. That
    holds on after the end: whoever reports puts the signals back (`signals_restored`).
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
    stop_signals(lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.wish), wishes=2)
    writer = Writer(connection.graph, stop=stop, record=record)
    outcomes = await apply_plan(approved, writer, lambda _: applied())
    return Applied(approved, outcomes, interrupted=stop.wished, error=stop.error)
