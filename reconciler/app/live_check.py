"""The use case live-check: asks a Graph the open questions with own objects, and removes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__, signals
from reconciler.app.counting import counting
from reconciler.app.runs import Progress
from reconciler.errors import ReconcilerError
from reconciler.model.live_facts import LiveFacts
from reconciler.model.logic_app import LogicApp
from reconciler.model.target import graph_host
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.app.connection import Connection
    from reconciler.app.preflight import TriggerUrl
    from reconciler.live_check.check import Stop
    from reconciler.live_check.journal import Journal, PastRun, Target


@dataclass(frozen=True, slots=True)
class Planned:
    """What a live check is about to do: in which tenant, and under which name.

    `url_unknown`: why the address of the trigger is not known; empty if it is. `unfinished`: how
    many earlier runs there have left objects, as the journal says.
    """

    tenant_id: str
    graph_url: str
    environment: str | None
    name: str
    url_unknown: str = ""
    unfinished: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a live check works with: the name of its catalog, which must be new, the Logic App that
    its extensions name, the address of its trigger if it was given, and the journal.
    """

    name: str
    app: LogicApp
    trigger_url: str | None
    journal: Path


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs a live check: approves what is planned, is informed of the first signal at once, and
    sees the progress.
    """

    approve: Callable[[Planned], None]
    interrupted: Callable[[], None]
    progress: Progress


@dataclass(frozen=True, slots=True)
class LiveChecked:
    """The result of a live check, and how many objects it has removed; `error` ended it early,
    `interrupted`: a signal did.
    """

    facts: LiveFacts
    removed: int = 0
    interrupted: bool = False
    error: ReconcilerError | None = None

    @property
    def ended_early(self) -> bool:
        """True if not every question was asked, or that is not certain."""
        return self.interrupted or self.error is not None


async def live_check(
    settings: Settings,
    variables: Mapping[str, str],
    subject: Subject,
    operator: Operator,
) -> LiveChecked:
    """Asks every question that the identity can try, once the operator has approved it.

    Raises:
        UsageError, JournalError: the journal cannot be used; nothing was written.
        RefusedError: it was not approved; the same.
    """
    from reconciler.app.connection import connect
    from reconciler.app.preflight import TriggerUrl, trigger_url
    from reconciler.live_check.check import PROBES, Run, check
    from reconciler.live_check.guard import OwnObjects
    from reconciler.live_check.journal import open_journal
    from reconciler.live_check.trial import Trial

    progress = operator.progress
    with open_journal(subject.journal) as kept:
        trigger = TriggerUrl(subject.trigger_url)
        if trigger.url is None:
            trigger = await trigger_url(settings, variables, subject.app, progress)
        async with connect(settings, variables, progress.remark) as connection:
            earlier = unfinished(kept, connection)
            operator.approve(_planned(connection, subject.name, trigger, len(earlier)))
            kept.begin(subject.name, target_of(connection))
            identity = connection.identity.kind
            trial = Trial(
                connection.graph,
                kept,
                subject.name,
                subject.app,
                identity,
                trigger.url,
                progress.remark,
            )
            asked = counting("trying probes", len(PROBES), progress)
            run = Run(trial, stop_at_signals(operator.interrupted), lambda _probe: asked())
            with connection.graph.writes_guarded(OwnObjects(trial.owned)):
                await check(run)
    facts = LiveFacts(
        __version__,
        graph_host(settings.graph_url),
        identity,
        tuple(run.results),
        run.left,
    )
    return LiveChecked(facts, trial.removed, run.stop.requested, run.error)


def target_of(connection: Connection) -> Target:
    """The tenant and the host of Graph, as a journal names them."""
    from reconciler.live_check.journal import Target

    return Target(connection.tenant_id, graph_host(connection.settings.graph_url))


def unfinished(journal: Journal, connection: Connection) -> list[PastRun]:
    """The earlier runs for this tenant and Graph that have left something."""
    runs = journal.runs.values()
    return [past for past in runs if past.has_left and past.target == target_of(connection)]


def stop_at_signals(notice: Callable[[], None]) -> Stop:
    """What signals end from now on, one stage after the other; `notice` is called at the first one.

    That holds until the process ends, so that the result is reported.
    """
    from reconciler.live_check.check import Stop

    stop, loop = Stop(notice), asyncio.get_running_loop()
    signals.react(lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.request))
    return stop


def _planned(connection: Connection, name: str, trigger: TriggerUrl, earlier: int) -> Planned:
    settings = connection.settings
    return Planned(
        connection.tenant_id,
        settings.graph_url,
        settings.environment_name,
        name,
        "" if trigger.url else trigger.reason,
        earlier,
    )
