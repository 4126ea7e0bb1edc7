"""The use case live-check --clean: removes what live checks have left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.live_check import stop_at_signals, target_of, unfinished
from reconciler.app.runs import Progress
from reconciler.errors import ReconcilerError, ServiceAnswerError, UsageError
from reconciler.model.live_facts import Left
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.app.connection import Connection
    from reconciler.live_check.check import Removal, Stop
    from reconciler.live_check.journal import Journal, PastRun
    from reconciler.live_check.trial import Trial


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Who removes what is left: gets the ids of the catalogs before those of a name are removed, is
    informed of the first signal at once, and sees the progress.
    """

    approve: Callable[[Sequence[str]], None]
    interrupted: Callable[[], None]
    progress: Progress


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


async def clean_journalled(
    settings: Settings, variables: Mapping[str, str], journal: Path, cleaner: Cleaner
) -> Cleaned:
    """Removes what the journal names and no run has removed.

    Raises:
        UsageError, JournalError: the journal cannot be used.
    """
    from reconciler.app.connection import connect
    from reconciler.live_check.check import trial_of
    from reconciler.live_check.journal import open_journal

    progress = cleaner.progress
    with open_journal(journal, must_exist=True) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            trials = [
                trial_of(connection.graph, kept, past, progress.remark)
                for past in unfinished(kept, connection)
            ]
            cleaned = await _cleaned(trials, stop_at_signals(cleaner.interrupted))
            return replace(cleaned, others=_others(kept, connection))


def _others(journal: Journal, connection: Connection) -> tuple[tuple[str, str], ...]:
    """The targets of the runs for others that have left something."""
    targets = [past.target for past in journal.runs.values() if past.has_left]
    return tuple(
        (target.tenant_id, target.host) for target in targets if target != target_of(connection)
    )


async def clean_named(
    settings: Settings, variables: Mapping[str, str], name: str, journal: Path, cleaner: Cleaner
) -> Cleaned:
    """Removes the catalogs of this name with everything of the same run in them, once that is
    approved.

    Raises:
        UsageError: no catalog has the name, or the journal cannot be used.
        RefusedError: it was not approved; nothing was removed.
    """
    from reconciler.app.connection import connect
    from reconciler.live_check.check import trial_of
    from reconciler.live_check.journal import open_journal
    from reconciler.live_check.owned import names_of

    progress = cleaner.progress
    with open_journal(journal) as kept:
        async with connect(settings, variables, progress.remark) as connection:
            ids = await _ids_of(connection, names_of(name))
            if not ids:
                raise UsageError(
                    f"No catalog named {name} in this tenant.",
                    hint="Either it is removed already, or the name or the tenant is another.",
                )
            cleaner.approve(list(ids))
            past = _recorded(kept, name, connection, ids)
            trial = trial_of(connection.graph, kept, past, progress.remark)
            return await _cleaned([trial], stop_at_signals(cleaner.interrupted))


async def _ids_of(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """The ids of the catalogs with exactly these names, and their names.

    Raises:
        ServiceError: they cannot be searched, or the answer names no usable id.
    """
    from reconciler.live_check import requests
    from reconciler.live_check.owned import usable_id

    ids: dict[str, str] = {}
    for name in names:
        listed = await connection.graph.pages(requests.catalogs_named(connection.graph, name))
        same = [body for body in listed if body.get("displayName") == name]
        for body in same:
            catalog_id = usable_id(body)
            if catalog_id is None:
                raise ServiceAnswerError(f"Graph returned the catalog {name} with an unusable id.")
            ids[catalog_id] = name
    return ids


def _recorded(
    journal: Journal, name: str, connection: Connection, ids: Mapping[str, str]
) -> PastRun:
    """A run that has made these catalogs, in the journal too: a clean-up that is killed is
    completed by the next one.
    """
    from reconciler.live_check.journal import PastRun
    from reconciler.live_check.owned import OwnObject

    target = target_of(connection)
    journal.begin(name, target)
    none_unclear = Counter(dict.fromkeys(ids.values(), 0))  # each of these catalogs has its id
    past = PastRun(name, target, none_unclear)
    for catalog_id, catalog_name in ids.items():
        past.objects[catalog_id] = OwnObject("catalog", catalog_id, catalog_name)
        journal.created(name, past.objects[catalog_id])
    return past


async def _cleaned(trials: Sequence[Trial], stop: Stop) -> Cleaned:
    """What was removed of these runs, and the first error. After a signal nothing more is sent;
    what is left of the rest is listed all the same.
    """
    removals = [await _removed(trial, stop) for trial in trials]
    return Cleaned(
        sum(trial.removed for trial in trials),
        tuple(left for removal in removals for left in removal.left),
        len(trials),
        interrupted=stop.requested,
        error=next((removal.error for removal in removals if removal.error), None),
    )


async def _removed(trial: Trial, stop: Stop) -> Removal:
    from reconciler.live_check.check import removed
    from reconciler.live_check.guard import OwnObjects

    with trial.graph.writes_guarded(OwnObjects(trial.owned)):
        return await removed(trial, stop, of_earlier_run=True)
