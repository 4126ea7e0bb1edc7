"""The use case live-check: asks a Graph the open questions with own objects, and removes them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__, signals
from reconciler.app.counting import counting
from reconciler.app.runs import Progress
from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.live_facts import Left, LiveFacts
from reconciler.model.logic_app import LogicApp
from reconciler.model.target import graph_host
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.app.connection import Connection
    from reconciler.app.preflight import TriggerUrl
    from reconciler.live_check.check import Stop
    from reconciler.live_check.journal import Journal, PastRun, Target
    from reconciler.live_check.trial import Trial


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


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How many objects were removed, and what is left. `tried`: of how many runs. `others`: tenant
    and host of each run in the journal that was for another one. `error` ended it early,
    `interrupted`: a signal did.
    """

    removed: int = 0
    left: tuple[Left, ...] = ()
    tried: int = 1
    others: tuple[tuple[str, str], ...] = ()
    interrupted: bool = False
    error: ReconcilerError | None = None


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
    from reconciler.live_check.journal import open_journal
    from reconciler.live_check.trial import Trial

    progress = operator.progress
    with open_journal(subject.journal) as kept:
        trigger = TriggerUrl(subject.trigger_url)
        if trigger.url is None:
            trigger = await trigger_url(settings, variables, subject.app, progress)
        async with connect(settings, variables, progress.remark) as connection:
            unfinished = len(_unfinished(kept, connection))
            operator.approve(
                replace(_planned(connection, subject.name, trigger), unfinished=unfinished)
            )
            kept.begin(subject.name, _target(connection))
            asked = counting("asking", len(PROBES), progress)
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
            with _writing(trial, operator.interrupted) as stop:
                run = Run(trial, stop, lambda _probe: asked())
                await check(run)
    facts = LiveFacts(
        __version__,
        graph_host(settings.graph_url),
        connection.identity.kind,
        tuple(run.results),
        run.left,
    )
    return LiveChecked(facts, trial.removed, run.stop.requested, run.error)


async def clean_journalled(
    settings: Settings, variables: Mapping[str, str], journal: Path, progress: Progress
) -> Cleaned:
    """Removes what the journal names and no run has removed.

    Raises:
        UsageError, JournalError: the journal cannot be used.
    """
    from reconciler.app.connection import connect
    from reconciler.live_check.journal import open_journal

    with open_journal(journal, must_exist=True) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            ours = _unfinished(kept, connection)
            cleaned = Cleaned(tried=len(ours), others=_others(kept, connection))
            for past in ours:
                cleaned = _added(cleaned, await _clean_past(connection, kept, past, progress))
                if cleaned.interrupted or cleaned.error:
                    break
    return cleaned


def _unfinished(journal: Journal, connection: Connection) -> list[PastRun]:
    """The earlier runs for this tenant and Graph that have left something."""
    runs = journal.runs.values()
    return [past for past in runs if past.has_left and past.target == _target(connection)]


def _others(journal: Journal, connection: Connection) -> tuple[tuple[str, str], ...]:
    """The targets of the other runs that have left something."""
    targets = [past.target for past in journal.runs.values() if past.has_left]
    return tuple(
        (target.tenant_id, target.host) for target in targets if target != _target(connection)
    )


async def clean_named(
    settings: Settings,
    variables: Mapping[str, str],
    name: str,
    journal: Path,
    ask: Callable[[Sequence[str]], None],
    progress: Progress,
) -> Cleaned:
    """Removes the catalogs of this name with everything of the same run in them, once `ask` has
    returned; it gets their ids.

    Raises:
        UsageError: no catalog has the name, or the journal cannot be used.
        RefusedError: `ask` was not answered with yes; nothing was removed.
    """
    from reconciler.app.connection import connect
    from reconciler.live_check.check import trial_of
    from reconciler.live_check.journal import PastRun, open_journal
    from reconciler.live_check.owned import OwnObject, names_of

    with open_journal(journal) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            ids = await _ids_of(connection, names_of(name))
            if not ids:
                raise UsageError(f"No catalog named {name} in this tenant.")
            ask(list(ids))
            kept.begin(name, _target(connection))
            past = PastRun(name, _target(connection), Counter(ids.values()))
            past.objects = {each: OwnObject("catalog", each, of) for each, of in ids.items()}
            for own in past.objects.values():  # so that a run that is killed can be cleaned too
                kept.created(name, own)
            trial = trial_of(connection.graph, kept, past)
            trial.unsure.clear()
            trial.remark = progress.remark
            with _writing(trial) as stop:
                return await _cleaned(trial, stop)


async def _ids_of(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """The ids of the catalogs with exactly these names, and their names.

    Raises:
        ServiceError: they cannot be searched.
    """
    from reconciler.live_check import requests
    from reconciler.model.answers import identifier

    ids: dict[str, str] = {}
    for name in names:
        listed = await connection.graph.pages(requests.catalogs_named(connection.graph, name))
        same = [body for body in listed if body.get("displayName") == name]
        ids |= {identifier(body, "a catalog"): name for body in same}
    return ids


async def _clean_past(
    connection: Connection, journal: Journal, past: PastRun, progress: Progress
) -> Cleaned:
    from reconciler.live_check.check import trial_of

    trial = trial_of(connection.graph, journal, past)
    trial.remark = progress.remark
    with _writing(trial) as stop:
        return await _cleaned(trial, stop)


async def _cleaned(trial: Trial, stop: Stop) -> Cleaned:
    from reconciler.live_check.check import removed

    removal = await removed(trial, stop, of_earlier_run=True)
    return Cleaned(trial.removed, removal.left, interrupted=stop.requested, error=removal.error)


def _added(so_far: Cleaned, more: Cleaned) -> Cleaned:
    return Cleaned(
        so_far.removed + more.removed,
        (*so_far.left, *more.left),
        so_far.tried,
        so_far.others,
        more.interrupted,
        more.error,
    )


@contextmanager
def _writing(trial: Trial, notice: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """Lets the trial write own objects within the block; what signals end.

    Signals end one stage after the other; further ones do nothing. That holds until the process
    ends, so that the result is reported.
    """
    from reconciler.live_check.check import Stop
    from reconciler.live_check.guard import OwnObjects

    stop, loop = Stop(notice), asyncio.get_running_loop()
    signals.react(lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.request))
    with trial.graph.writes_guarded(OwnObjects(trial.owned)):
        yield stop


def _planned(connection: Connection, name: str, trigger: TriggerUrl) -> Planned:
    settings = connection.settings
    return Planned(
        connection.tenant_id,
        settings.graph_url,
        settings.environment_name,
        name,
        "" if trigger.url else trigger.reason,
    )


def _target(connection: Connection) -> Target:
    from reconciler.live_check.journal import Target

    return Target(connection.tenant_id, graph_host(connection.settings.graph_url))
