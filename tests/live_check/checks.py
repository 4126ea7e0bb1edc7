"""Live checks in this process, against a real sandbox on loopback, with the clock taken away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness import SUBSCRIPTION, URL, Json, Tenant, catalog, tenant

from reconciler.live_check import bodies
from reconciler.live_check.check import PROBES, Run, check
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.journal import Target, open_journal
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.live_facts import Fact
from reconciler.model.logic_app import LogicApp
from reconciler.sandbox.store import Store

NAME = "reconciler-live-check-00000000000000000000000000000001"
FOREIGN = "reconciler-live-check-ffffffffffffffffffffffffffffffff"
FOREIGN_ID = "ffffffff-0000-4000-8000-00000000000f"
TARGET = Target("00000000-0000-0000-0000-000000000000", "sandbox")
APP = LogicApp(SUBSCRIPTION, "rg", "la")


@dataclass
class Checked:
    """What one live check came to, and what it left."""

    run: Run
    left_behind: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Fact]:
        """Every fact by its switch."""
        return {fact.switch: fact for result in self.run.results for fact in result.facts}

    @property
    def observed(self) -> dict[str, str]:
        """What was observed beside the facts."""
        return {
            each.what: each.result for result in self.run.results for each in result.observations
        }

    @property
    def values(self) -> dict[str, str | None]:
        """Every value by its switch."""
        return {switch: fact.value for switch, fact in self.facts.items()}


@asynccontextmanager
async def opened(
    held: Tenant,
    journal: Path,
    *,
    url: str | None = URL,
    identity: Literal["app", "user", "unknown"] = "app",
    name: str = NAME,
) -> AsyncIterator[Trial]:
    """A live check that may write, with its journal."""
    with open_journal(journal) as kept:
        kept.begin(name, TARGET)
        trial = Trial(held.graph, kept, name, APP, identity, url)
        with held.graph.writes_guarded(OwnObjects(trial.owned)):
            yield trial


async def new_catalog(trial: Trial) -> OwnObject:
    """The catalog of the run, which a read has shown."""
    made, _ = await trial.create("catalog", bodies.catalog(trial.name))
    assert made is not None
    await trial.shown(made)
    return made


async def checked(
    folder: Path,
    *switches: str,
    faults: Sequence[Any] = (),
    report: Callable[[Run, Probe], None] = lambda _run, _probe: None,
    probes: Sequence[Probe] = PROBES,
    **options: Any,
) -> Checked:
    """A whole live check of a sandbox that behaves so, beside a catalog of another run, or one of
    these probes only; `report` is called before each probe.
    """
    before = [catalog(), catalog(FOREIGN, FOREIGN_ID)]
    async with tenant(folder, *before, switches=switches, faults=faults) as held:
        async with opened(held, folder / "live-check.jsonl", **options) as trial:
            run = Run(trial, report=lambda probe: report(run, probe), probes=probes)
            await check(run)
        held.store.end_lag()
        return Checked(run, own_names(held.store))


def own_names(store: Store, prefix: str = NAME) -> list[str]:
    """The names of everything that a live check has made and that still exists."""
    kinds = ("catalog", "extension", "accessPackage", "policy")
    documents: list[Json] = [
        row.document for kind in kinds for row in store.rows(kind) if not row.deleted
    ]
    names = (str(document["displayName"]) for document in documents)
    return sorted(name for name in names if name.startswith(prefix))
