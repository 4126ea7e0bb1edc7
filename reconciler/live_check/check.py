"""One live check: an own catalog, the probes one after another, and the removal of everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.errors import ReconcilerError, UndecidedError
from reconciler.live_check import bodies, requests
from reconciler.live_check.cleaning import Cleaning
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.polling import turns
from reconciler.live_check.probe import Probe
from reconciler.live_check.probes.catalogs import PROBE as CATALOGS
from reconciler.live_check.probes.in_use import PROBE as IN_USE
from reconciler.live_check.probes.names import PROBE as NAMES
from reconciler.live_check.probes.policy_puts import PROBE as POLICY_PUTS
from reconciler.live_check.probes.policy_reading import PROBE as POLICY_READING
from reconciler.live_check.probes.reading import PROBE as READING
from reconciler.live_check.probes.stages import PROBE as STAGES
from reconciler.live_check.probes.timeout_names import PROBE as TIMEOUT_NAMES
from reconciler.live_check.probes.updating import PROBE as UPDATING
from reconciler.live_check.probes.without_url import PROBE as WITHOUT_URL
from reconciler.live_check.trial import Trial
from reconciler.model.live_facts import Fact, Left, ProbeResult
from reconciler.model.logic_app import LogicApp

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient
    from reconciler.live_check.journal import Journal, PastRun

log = logging.getLogger("reconciler.live_check")

PROBES: tuple[Probe, ...] = (
    READING,
    POLICY_READING,
    TIMEOUT_NAMES,
    UPDATING,
    NAMES,
    WITHOUT_URL,
    STAGES,
    IN_USE,
    CATALOGS,
    POLICY_PUTS,
)
INTERRUPTED = "the run was interrupted before"
_CREATING = (
    "Creating catalogs needs EntitlementManagement.ReadWrite.All;"
    " `reconciler auth check` shows what this identity has. A new permission can take some minutes."
)
_ENDED = "an error ended the run before"


class Stop:
    """Signals end one stage after the other: the first one the probes, so that everything is
    removed; the second one the removal. `notice` is called at the first one.
    """

    def __init__(self, notice: Callable[[], None] = lambda: None) -> None:
        self.signals = 0
        self._notice = notice
        self._stage: tuple[asyncio.Task[None], int] | None = None

    @property
    def requested(self) -> bool:
        """True after the first signal."""
        return self.signals > 0

    def request(self) -> None:
        """The operator asks for the end; to be called in the event loop."""
        self.signals += 1
        if self.signals == 1:
            self._notice()
        if self._stage is not None and self.signals >= self._stage[1]:
            self._stage[0].cancel()

    async def bounded(self, work: Coroutine[Any, Any, None], ends_at: int) -> None:
        """The work, which ends early at that signal: its request in flight is finished.

        Raises:
            ReconcilerError: what it raised.
        """
        if self.signals >= ends_at:
            work.close()
            return
        task = asyncio.ensure_future(work)
        self._stage = task, ends_at
        try:
            await asyncio.wait({task})
        finally:
            self._stage = None
            task.cancel()  # only if this task itself was cancelled, that one has not ended
        if not task.cancelled():
            task.result()


@dataclass(slots=True)
class Run:
    """How a live check goes: which probes it asks, and what came of them. `error` is what ended
    them early.
    """

    trial: Trial
    stop: Stop = field(default_factory=Stop)
    report: Callable[[Probe], None] = lambda _probe: None
    probes: Sequence[Probe] = PROBES
    results: list[ProbeResult] = field(default_factory=list)
    left: tuple[Left, ...] = ()
    error: ReconcilerError | None = None


async def check(run: Run) -> None:
    """Asks all probes, and removes everything whatever happens; the result is in the run."""
    try:
        await run.stop.bounded(_ask_all(run), ends_at=1)
    except ReconcilerError as error:
        run.error = error
    finally:
        removal = await removed(run.trial, run.stop)
        run.left, run.error = removal.left, run.error or removal.error
    why = INTERRUPTED if run.stop.requested else _ENDED
    run.results += [_not_tried(probe, why) for probe in run.probes[len(run.results) :]]


def trial_of(
    graph: GraphClient,
    journal: Journal,
    past: PastRun,
    remark: Callable[[str], None] = lambda _text: None,
) -> Trial:
    """An earlier run, as its journal shows it: with everything of it that may still exist."""
    trial = Trial(graph, journal, past.name, LogicApp("", "", ""), "unknown", remark=remark)
    for own in past.objects.values():
        trial.owned.add(own)
    trial.catalog_names |= set(past.catalogs)
    trial.unsure |= past.unsure
    return trial


@dataclass(frozen=True, slots=True)
class Removal:
    """What could not be removed; `error` ended the removal early."""

    left: tuple[Left, ...]
    error: ReconcilerError | None = None


async def removed(trial: Trial, stop: Stop, *, of_earlier_run: bool = False) -> Removal:
    """Removes everything of the run. Of an earlier run, a catalog that a search does not show was
    never created, and the first signal ends the removal.
    """
    cleaning = Cleaning(trial, set(trial.unsure))
    try:
        await stop.bounded(cleaning.run(), ends_at=1 if of_earlier_run else 2)
    except ReconcilerError as error:
        return Removal(cleaning.left(absent_if_not_found=False), error)
    left = cleaning.left(absent_if_not_found=of_earlier_run)
    if not left:
        trial.end()
    return Removal(left)


async def _ask_all(run: Run) -> None:
    trial = run.trial
    trial.catalog = await _new_catalog(trial)
    why_no_policy = await _prepare_policies(trial)
    for probe in run.probes:
        run.report(probe)
        if probe.needs_policy and why_no_policy is not None:
            run.results.append(_not_tried(probe, why_no_policy))
        else:
            run.results.append(await _ask(probe, trial))


async def _new_catalog(trial: Trial) -> OwnObject:
    """The catalog of the run, once reads show it.

    Raises:
        ServiceError, UndecidedError: it could not be created.
    """
    own, result = await trial.create("catalog", bodies.catalog(trial.name))
    if own is None and not result.may_be_applied and result.error is not None:
        if result.status == 403:
            result.error.hint = _CREATING
        raise result.error
    async for _ in turns(trial.graph.limits.retry):
        if own is not None:
            break
        listed = await trial.exchanges.list(requests.catalogs_named(trial.graph, trial.name))
        own = trial.adopted_catalog(listed.items)
    if own is None:
        raise result.error or undecided("a catalog could not be created", result)
    await trial.shown(own)
    return own


async def _prepare_policies(trial: Trial) -> str | None:
    """Makes the access package that probes share; why they cannot be tried, if they cannot."""
    try:
        trial.package = await trial.new_package("shared")
        await trial.policy("shared")
    except UndecidedError as error:
        return str(error)
    return None


async def _ask(probe: Probe, trial: Trial) -> ProbeResult:
    """What the probe has decided; a switch that it has not is unknown, for the reason that ended
    it.

    Raises:
        AuthenticationError, JournalError: the run must end.
    """
    notes, reason = Notes(), "the probe did not come to it"
    try:
        await probe.ask(trial, notes)
    except UndecidedError as error:
        reason = str(error)
    except ReconcilerError:
        raise
    except Exception as bug:  # an answer that nobody foresaw must not end the other probes
        log.exception("Internal error; please report it.")
        reason = f"internal error ({type(bug).__name__}) in this probe; please report it"
    facts = [notes.facts.get(switch, Fact(switch, None, reason, 1)) for switch in probe.switches]
    return ProbeResult(probe.id, probe.question, tuple(facts), tuple(notes.observations))


def _not_tried(probe: Probe, why: str) -> ProbeResult:
    facts = tuple(Fact(switch, None, f"not tried: {why}", 1) for switch in probe.switches)
    return ProbeResult(probe.id, probe.question, facts, not_tried=why)
