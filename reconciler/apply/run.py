"""Applies a whole plan: scopes concurrently, writes within one scope in order, one outcome for
every change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from reconciler.apply import outcomes
from reconciler.apply.created import Created
from reconciler.apply.journal import Record, ignored
from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.apply.send import described
from reconciler.apply.steps import Step, steps
from reconciler.apply.stop import Stop
from reconciler.apply.write import write
from reconciler.apply.writing import Writing
from reconciler.diff.references import Key, parents_key
from reconciler.errors import (
    AuthenticationError,
    JournalError,
    ServiceError,
    StoppedError,
)
from reconciler.model.kind import Kinds
from reconciler.model.objects import Observed
from reconciler.model.plan import Change, Outcome, Plan
from reconciler.model.reason import Reason, reason
from reconciler.network.concurrent import concurrently

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

log = logging.getLogger("reconciler.apply")

MAX_CHECK_AGE_S = 0.5
"""An older read-back is too old to be the check before the next create."""


@dataclass(slots=True)
class Run:
    """One apply: the Graph that is written, why it may end early, and what was read last.

    `second_looks`: objects whose kind needs a second look are looked at again before the write.
    `sleep` is a parameter so that tests need not wait. `stop` may prevent a write until the moment
    it is sent; `record` is called before and after every write.
    """

    graph: GraphClient
    kinds: Kinds
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    stop: Stop = field(default_factory=Stop)
    record: Record = ignored
    second_looks: bool = True
    _recent: dict[tuple[str, Key], tuple[float, Sequence[Observed]]] = field(default_factory=dict)

    @property
    def keeps_journal(self) -> bool:
        """True if what is recorded can be read later."""
        return self.record is not ignored

    def remember(self, change: Change, live: Sequence[Observed]) -> None:
        """Keeps the read-back of a create: it is the check of the next one, if it is recent."""
        if change.action == "create":
            key = change.kind, parents_key(change.parents)
            self._recent[key] = self.graph.elapsed_s(), live

    def forget(self, change: Change) -> None:
        """What was read last in the parents of the change is no check of the next create."""
        self._recent.pop((change.kind, parents_key(change.parents)), None)

    def take_recent(self, change: Change) -> Sequence[Observed] | None:
        """The objects that the last create in the same parents has read back, if recent; once."""
        read_at_s, live = self._recent.pop((change.kind, parents_key(change.parents)), (0.0, None))
        return live if self.graph.elapsed_s() - read_at_s <= MAX_CHECK_AGE_S else None


async def apply_plan(
    plan: Plan, run: Run, report: Callable[[Outcome], None] = lambda _outcome: None
) -> tuple[Outcome, ...]:
    """One outcome per change, in the plan's order. A failed change stops neither its scope nor the
    others, but what depends on it is skipped.

    Changes that have not started when `run.stop` is set are skipped. `report` is called with each
    outcome at once.
    """
    # No more scopes at once than requests: a read-back that waits behind the writes of all other
    # scopes is too old to be the check of the next create.
    created = Created(plan.changes, asyncio.Semaphore(run.graph.limits.concurrency))

    async def apply_scope(changes: Sequence[Change]) -> list[Outcome]:
        """The outcomes of one scope's changes, whose writes are made in order."""
        ended: dict[int, Outcome] = {}
        replacing: dict[int, Outcome] = {}  # whose create was applied
        async with created.places:
            for step in steps(changes, run.kinds):
                change, key = step.change, id(step.change)
                if key in ended:
                    continue  # the create of this replacement was not applied
                outcome = await _apply_step(step, run, created)
                created.settle(change, outcome)
                if step.delete_after and outcome.status == "done":
                    replacing[key] = outcome
                    continue
                ended[key] = outcomes.of_change(change, outcome, replacing.get(key))
                report(ended[key])
        return [ended[id(change)] for change in changes]

    planned_ids = {change.object.id for change in plan.pending if change.object.id}
    with run.graph.writes_unlocked(planned_ids):
        scopes = await concurrently(apply_scope(changes) for changes in _by_scope(plan.changes))
    return tuple(chain(*scopes))  # the plan's order: its changes are sorted by scope


def _by_scope(changes: Iterable[Change]) -> list[list[Change]]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault(change.scope.key, []).append(change)
    return list(groups.values())


async def _apply_step(step: Step, run: Run, created: Created) -> Outcome:
    """The recorded outcome of one write; errors of Graph and of the journal, and signals, become
    one.
    """
    outcome = await _outcome(step, run, created)
    if step.write.action != "create" or outcome.status != "done":
        run.forget(outcome.change)
    _record_outcome(outcome, run)
    return outcome


async def _outcome(step: Step, run: Run, created: Created) -> Outcome:
    if step.change.action == "blocked":
        return Outcome(step.change, "skipped", reason=step.change.reason)
    if run.stop.reason is not None:
        return Outcome(step.write, "skipped", reason=run.stop.reason)
    try:
        return await _write(step, run, created)
    except Exception as bug:  # a bug in one change must not end the others without outcomes
        log.exception("Internal error; please report it.")
        why = reason("internal_error", type=type(bug).__name__)
        return Outcome(step.write, "unknown", reason=why)


async def _write(step: Step, run: Run, created: Created) -> Outcome:
    """Waits for what the write depends on, then makes it."""
    resolved = await created.resolved(step.write)
    if isinstance(resolved, Reason):
        return Outcome(step.write, "skipped", reason=resolved)
    writing = Writing(resolved, run.kinds.named(step.change.kind), delete_after=step.delete_after)
    parents = step.write.parents
    if parents and parents[-1].id is None:
        writing.new_parent = run.kinds.named(parents[-1].kind)
        writing.parent_waits_s = [*POLL_WAITS_S]
    try:
        async with run.stop.bounded():
            return await write(writing, run)
    except (StoppedError, TimeoutError):
        return outcomes.interrupted(writing, run.stop.reason or reason("interrupted"))
    except (AuthenticationError, JournalError) as error:
        rejected = isinstance(error, AuthenticationError)
        run.stop.give_up(reason("token_rejected" if rejected else "journal_failed"), error)
        return outcomes.refused(writing, error)
    except ServiceError as error:
        return outcomes.refused(writing, error)


def _record_outcome(outcome: Outcome, run: Run) -> None:
    """Records the outcome of a change; the run ends if that is impossible."""
    try:
        run.record("outcome", **described(outcome.change), **_result(outcome))
    except JournalError as error:
        run.stop.give_up(reason("journal_failed"), error)


def _result(outcome: Outcome) -> dict[str, Any]:
    why = outcome.reason
    return {
        "status": outcome.status,
        "request_id": outcome.request_id,
        "reason": None if why is None else {"code": why.code, **why.parameters},
        "error": outcome.error,
    }
