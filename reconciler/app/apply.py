"""The use case apply: from a fresh plan that is approved, or from a saved one that still holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__, signals
from reconciler.app.files import show
from reconciler.app.kinds import KINDS
from reconciler.app.runs import Applied, Approval, Progress
from reconciler.app.targets import refuse_plan_of_another_target
from reconciler.errors import InvalidFilesError, StalePlanError
from reconciler.loader import LoadedState
from reconciler.model.plan import Plan, UnsettledWrite
from reconciler.model.target import graph_host
from reconciler.plan.limit import beyond_limit, with_limit
from reconciler.plan.reads import looks_were_skipped
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.app.connection import Connection
    from reconciler.apply.journal import Kept, Record


async def apply(
    settings: Settings,
    variables: Mapping[str, str],
    desired: LoadedState,
    approval: Approval,
    progress: Progress,
    journal: Path | None = None,
) -> Applied:
    """Makes a new plan and applies it, if it is approved; every write is recorded in the journal.

    What the journal shows as unsettled is looked for first.

    Raises:
        UsageError: the journal cannot be written; nothing was read or written.
        JournalError: another run uses the journal, or it is damaged; the same.
    """
    from reconciler.app.connection import connect
    from reconciler.app.steps import fresh_plan
    from reconciler.apply.journal import open_journal

    with open_journal(journal) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            unsettled = await _settle(kept, connection, progress)
            planned = await fresh_plan(
                connection, desired, progress, unsettled, second_looks=approval.second_looks
            )
            fresh = with_limit(planned, approval.max_deletes)
            refusal = approval.refusal(fresh)
            if refusal is not None:
                return Applied(fresh, refusal=refusal)
            return await _carry_out(fresh, connection, progress, kept.record)


async def apply_saved(
    settings: Settings,
    variables: Mapping[str, str],
    file: Path,
    progress: Progress,
    max_deletes: int,
    journal: Path | None = None,
) -> Applied:
    """Applies a saved plan, after checking that it deletes no more than allowed, and that tenant,
    host and every object to be changed are as they were.

    Raises:
        StalePlanError: they are not, or the document was altered or truncated.
        RefusedError: a write of an earlier run to one of these objects is unsettled.
        UsageError, JournalError: as for `apply`.
    """
    from reconciler.app.connection import connect
    from reconciler.apply.journal import open_journal
    from reconciler.apply.settle import unsettled_refusal
    from reconciler.apply.stale import refuse_if_stale
    from reconciler.plan.unsettled import blocked_if_unsettled

    saved = _saved(file)
    refuse_plan_of_another_target(settings, saved)
    excess = beyond_limit(saved, max_deletes)
    if excess is not None:
        return Applied(saved, refusal=excess)
    with open_journal(journal) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            connection.refuse_plan_of_another_tenant(saved)
            unsettled = await _settle(kept, connection, progress)
            refusal = unsettled_refusal(blocked_if_unsettled(saved.pending, unsettled))
            if refusal is not None:
                raise refusal
            await refuse_if_stale(saved, connection.graph, KINDS)
            return await _carry_out(saved, connection, progress, kept.record)


async def _settle(
    kept: Kept, connection: Connection, progress: Progress
) -> tuple[UnsettledWrite, ...]:
    """The writes of earlier runs that stay unsettled after a search."""
    from reconciler.apply.history import Target
    from reconciler.apply.run import Run
    from reconciler.apply.settle import settle

    if not kept.unsettled:
        return ()
    target = Target(connection.tenant_id, graph_host(connection.settings.graph_url))
    progress.remark("looking for the writes of an earlier run")
    try:
        run = Run(connection.graph, KINDS, record=kept.record)
        return await settle(kept.unsettled, target, run)
    finally:
        progress.remark("")


def _saved(file: Path) -> Plan:
    """The saved plan; a file that is not one is as stale as one that was altered."""
    try:
        return show(file)
    except InvalidFilesError as error:
        if not file.exists():
            raise
        raise StalePlanError(f"{error} Nothing was written.", hint=error.hint) from error


async def _carry_out(
    approved: Plan, connection: Connection, progress: Progress, record: Record
) -> Applied:
    """Applies a plan that was shown and approved.

    After the first signal no new write starts, the second cancels the requests in flight, further
    ones do nothing. That holds until the process ends, so that the outcomes are reported however
    often somebody presses Ctrl-C.
    """
    from reconciler.app.counting import counting
    from reconciler.apply.run import Run, apply_plan

    applied = counting("applying changes", len(approved.changes), progress)
    second_looks = not looks_were_skipped(approved)
    run = Run(connection.graph, KINDS, record=record, second_looks=second_looks)
    loop = asyncio.get_running_loop()
    record(
        "begin",
        tool_version=__version__,
        tenant_id=approved.tenant_id,
        graph_url=approved.graph_url,
        digest=approved.digest,
        pending=len(approved.pending),
    )
    signals.react(lambda: loop.is_closed() or loop.call_soon_threadsafe(run.stop.request))
    outcomes = await apply_plan(approved, run, lambda _: applied())
    return Applied(approved, outcomes, interrupted=run.stop.requested, error=run.stop.error)
