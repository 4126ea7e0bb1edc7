"""The use cases: the picture of the house in code. Each is one short function; nothing here prints.

Whatever needs Graph is imported when it is used: the SDK takes 300 ms to import, which `validate` must not pay.
"""

from __future__ import annotations

import errno
import itertools
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from reconciler import __version__
from reconciler.app.environments import named_one, names_all
from reconciler.errors import AuthenticationError, InvalidFilesError, ReconcilerError, StalePlanError, UsageError
from reconciler.loader import LoadedState, load, load_environments, load_for_each, schema_text
from reconciler.loader.finding import ENVIRONMENTS_FILE
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.extension import DesiredCatalog
from reconciler.model.identity import Assertion, Identity
from reconciler.model.plan import Outcome, Plan
from reconciler.settings import Settings, sign_in_variables

if TYPE_CHECKING:
    from reconciler.app.connection import Connection
    from reconciler.apply.journal import Record

T = TypeVar("T")

PLAN_LIMIT_BYTES = 16 * 1024 * 1024
"""Of a saved plan: several times what one of a tenant at Graph's limits takes."""


class Progress(Protocol):
    """Who is told while something long goes on."""

    def advance(self, what: str, done: int, total: int) -> None:
        """So many of so many are done."""

    def remark(self, text: str) -> None:
        """Why it takes so long; empty when that has passed."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `refusal` says why nothing was attempted; `interrupted` that a signal cut it short.

    `error` is what made it give up: a refused token, or a journal that cannot be written.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    refusal: ReconcilerError | None = None
    interrupted: bool = False
    error: ReconcilerError | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whom the token speaks for and the assertion that was shown for it; `error` when it was refused, and no token."""

    identity: Identity | None
    assertion: Assertion | None
    error: AuthenticationError | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What makes a fresh plan an approved one: the digest of a reviewed plan, or somebody who is asked.

    `show` presents every fresh plan before anything else; `ask` gives the reason of a no, None for a yes.
    """

    show: Callable[[Plan], None]
    ask: Callable[[Plan], ReconcilerError | None]
    expected_digest: str | None = None

    def refusal(self, plan: Plan) -> ReconcilerError | None:
        """Why the plan may not be carried out; None when it may. A plan with nothing to write needs no approval."""
        self.show(plan)
        if self.expected_digest is None:
            return self.ask(plan) if plan.pending else None
        if plan.changes and plan.digest != self.expected_digest:
            return StalePlanError(
                f"The fresh plan's digest is {plan.digest}, not the reviewed one; nothing was written.",
                hint="Review the fresh plan, then apply with its digest.",
            )
        return None


def validate(paths: Sequence[Path]) -> LoadedState:
    """Every fault in the files, for every environment of `reconciler.yaml`; needs no network and no credentials."""
    named = load_environments()
    loaded = load_for_each(paths, named.environments)
    # While reconciler.yaml is at fault, nobody knows which variables it would define.
    found = [one for one in loaded.diagnostics if not (named.diagnostics and one.code == "R209")]
    return replace(
        loaded,
        catalogs=() if named.diagnostics else loaded.catalogs,
        diagnostics=(*named.diagnostics, *found),
        files=loaded.files + named.exists,
        environments=len(named.environments),
    )


def environment(name: str) -> tuple[Environment | None, Sequence[Diagnostic]]:
    """The environment of this name in `reconciler.yaml`; or None, and what is wrong with that file.

    Raises:
        UsageError: there is no such file, or no such environment in it.
    """
    named = load_environments()
    if named.diagnostics:
        return None, named.diagnostics
    if not named.exists:
        raise UsageError(
            f"There is no environment {name}: this folder has no reconciler.yaml.",
            hint="Run in the folder of reconciler.yaml, or leave --environment out.",
        )
    return named_one(named, name), ()


def declared(settings: Settings, paths: Sequence[Path]) -> LoadedState:
    """What the files declare in the chosen environment, or every fault in them."""
    return load(paths, settings.environment)


def plan(
    settings: Settings,
    environment: Mapping[str, str],
    desired: Sequence[DesiredCatalog],
    progress: Progress,
    baseline: Plan | None = None,
) -> Plan:
    """The plan for the desired state, what the baseline holds too marked in it; reads Graph, writes nothing."""

    async def run() -> Plan:
        """Connects and plans."""
        async with _connect(settings, environment, progress) as connection:
            return await _plan(connection, desired, progress)

    fresh = _run(run())
    if baseline is None:
        return fresh
    from reconciler.plan.baseline import with_baseline

    return with_baseline(fresh, baseline)


def apply(
    settings: Settings,
    environment: Mapping[str, str],
    desired: Sequence[DesiredCatalog],
    approval: Approval,
    progress: Progress,
    journal: Path | None = None,
) -> Applied:
    """Plans afresh and carries the plan out, if it is approved; every write is recorded in the journal.

    Raises:
        UsageError: the journal cannot be written; nothing was read or written.
    """

    async def run(record: Record) -> Applied:
        """Connects once for planning and writing."""
        async with _connect(settings, environment, progress) as connection:
            fresh = await _plan(connection, desired, progress)
            refusal = approval.refusal(fresh)
            return Applied(fresh, refusal=refusal) if refusal else await _carry_out(fresh, connection, progress, record)

    return _run_recorded(run, journal)


def apply_saved(
    settings: Settings, environment: Mapping[str, str], file: Path, progress: Progress, journal: Path | None = None
) -> Applied:
    """Carries out a saved plan, after checking that tenant, host and every touched object are as it saw them.

    Raises:
        StalePlanError: they are not, or the document was altered or cut.
    """
    try:
        saved = show(file)
    except InvalidFilesError as error:
        if not file.exists():
            raise
        raise StalePlanError(f"{error} Nothing was written.", hint=error.hint) from error

    async def run(record: Record) -> Applied:
        """Checks the whole plan before the first write."""
        from reconciler.apply.run import refuse_if_stale

        async with _connect(settings, environment, progress) as connection:
            connection.refuse_plan_of_another_target(saved)
            await refuse_if_stale(saved, connection.graph)
            return await _carry_out(saved, connection, progress, record)

    return _run_recorded(run, journal)


def show(file: Path) -> Plan:
    """A saved plan, read back.

    Raises:
        InvalidFilesError: there is none, or it is no plan document.
        StalePlanError: it was altered.
    """
    from reconciler.plan.saved import read_plan

    try:
        text = _bounded(file).decode()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidFilesError(f"{file} cannot be read: {reason}.", hint="Give the file of `plan --out`.") from error
    return read_plan(text, str(file), json.loads(schema_text("plan")))


def _bounded(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(PLAN_LIMIT_BYTES + 1)
    if len(content) > PLAN_LIMIT_BYTES:
        raise OSError(errno.EFBIG, "it is larger than any plan")
    return content


def init(folder: Path, action: str, environments: Sequence[str] = ()) -> tuple[Path, ...]:
    """The files written into the folder for a new repository: workflows that call the action, a first desired state.

    With environments their workflows, and `reconciler.yaml` unless there is one; that one has to name them.

    Raises:
        UsageError: the action is not pinned, an environment cannot have its name or is not in `reconciler.yaml`, or a
            file exists already or cannot be written; nothing was written.
    """
    from reconciler.starter import starter_files, write_new

    files = starter_files(action, environments)
    if environments and names_all(folder / ENVIRONMENTS_FILE, environments):
        del files[str(ENVIRONMENTS_FILE)]
    write_new(folder, files)
    return tuple(folder / name for name in files)


def auth_check(settings: Settings, environment: Mapping[str, str]) -> Checked:
    """Whom the token speaks for; asks for a token, sends nothing to Graph.

    Raises:
        AuthenticationError: there is no token, and no assertion was shown either that would tell why.
    """

    async def run() -> Checked:
        """Asks for a token and reads its claims."""
        from reconciler.graph.credentials import open_tokens
        from reconciler.graph.identity import identity_of

        shown: list[Assertion] = []
        try:
            token = await open_tokens(settings, sign_in_variables(settings, environment), shown.append).token()
        except AuthenticationError as error:
            if not shown:
                raise
            return Checked(None, shown[-1], error)
        return Checked(identity_of(token), shown[-1] if shown else None)

    return _run(run())


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the one event loop of the command."""
    import asyncio

    return asyncio.run(work)


def _run_recorded(work: Callable[[Record], Coroutine[Any, Any, T]], journal: Path | None) -> T:
    """Runs the one event loop of a command that writes, with the journal open from the beginning to the end."""
    from reconciler.apply.journal import keep

    with keep(journal) as record:
        return _run(work(record))


def _connect(
    settings: Settings, environment: Mapping[str, str], progress: Progress
) -> AbstractAsyncContextManager[Connection]:
    from reconciler.app.connection import connect

    return connect(settings, environment, progress.remark)


async def _plan(connection: Connection, declared: Sequence[DesiredCatalog], progress: Progress) -> Plan:
    from reconciler.app.selection import may_be_meant, meant
    from reconciler.graph.reading import observe
    from reconciler.plan.build import PlanContext, build_plan

    names = connection.settings.catalogs
    desired = may_be_meant(declared, names)
    read = _counting("reading catalogs", len(desired), progress)
    observed = await observe(connection.graph, [one.catalog for one in desired], read)
    context = PlanContext(
        tool_version=__version__,
        tenant_id=connection.tenant_id,
        graph_url=connection.settings.graph_url,
        app_only=connection.identity.kind == "app",
        environment=connection.settings.environment_name,
    )
    return build_plan(meant(list(zip(desired, observed, strict=True)), names, declared), context)


async def _carry_out(approved: Plan, connection: Connection, progress: Progress, record: Record) -> Applied:
    """Applies a plan that was shown and approved.

    The first SIGINT or SIGTERM lets no new write start, the second ends what is in flight; both let it report. That
    holds on after the end: whoever reports puts the signals back (`signals_restored`).
    """
    import asyncio

    from reconciler.app.signals import stop_signals
    from reconciler.apply.run import apply_plan
    from reconciler.apply.stop import Stop
    from reconciler.apply.write import Writer

    applied = _counting("applying changes", len(approved.changes), progress)
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


def _counting(what: str, total: int, progress: Progress) -> Callable[[], None]:
    """What to call as each of `total` things is done."""
    done = itertools.count(1)
    return lambda: progress.advance(what, next(done), total)
