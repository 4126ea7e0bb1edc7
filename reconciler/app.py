"""The use cases: the picture of the house in code. Each is one short function; nothing here prints."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.errors import InvalidFilesError, ReconcilerError, StalePlanError, UsageError
from reconciler.loader import LoadedState, load
from reconciler.model.extension import Catalog, DesiredCatalog, ObservedCatalog
from reconciler.model.identity import Identity
from reconciler.model.plan import Outcome, Plan
from reconciler.plan.build import PlanContext, build_plan
from reconciler.plan.saved import read_plan
from reconciler.settings import LOOPBACK_TENANT, SANDBOX, Settings, graph_host

if TYPE_CHECKING:
    from reconciler.graph.client import GraphClient

Advance = Callable[[str, int, int], None]
"""Told while something long goes on: what, how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `refusal` says why nothing was attempted; `interrupted` that a signal cut it short."""

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    refusal: ReconcilerError | None = None
    interrupted: bool = False


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
    """What the files declare, and every fault in them; needs no network and no credentials."""
    return load(paths)


def plan(
    settings: Settings, environment: Mapping[str, str], desired: Sequence[DesiredCatalog], advance: Advance
) -> Plan:
    """The plan for the desired state; reads Graph, writes nothing."""

    async def run() -> Plan:
        """Connects and plans."""
        async with _connect(settings, environment) as graph:
            return await _plan(graph, settings, desired, advance)

    return asyncio.run(run())


def apply(
    settings: Settings,
    environment: Mapping[str, str],
    desired: Sequence[DesiredCatalog],
    approval: Approval,
    advance: Advance,
) -> Applied:
    """Plans afresh and carries the plan out, if it is approved."""

    async def run() -> Applied:
        """Connects once for planning and writing."""
        async with _connect(settings, environment) as graph:
            fresh = await _plan(graph, settings, desired, advance)
            refusal = approval.refusal(fresh)
            return Applied(fresh, refusal=refusal) if refusal else await _carry_out(fresh, graph, advance)

    return asyncio.run(run())


def apply_saved(settings: Settings, environment: Mapping[str, str], file: Path, advance: Advance) -> Applied:
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

    async def run() -> Applied:
        """Checks the whole plan before the first write."""
        from reconciler.apply.run import refuse_if_stale

        async with _connect(settings, environment) as graph:
            _refuse_other_target(saved, await _tenant_id(graph, settings), settings)
            await refuse_if_stale(saved, graph)
            return await _carry_out(saved, graph, advance)

    return asyncio.run(run())


def show(file: Path) -> Plan:
    """A saved plan, read back.

    Raises:
        InvalidFilesError: there is none, or it is no plan document.
        StalePlanError: it was altered.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidFilesError(f"{file} cannot be read: {reason}.", hint="Give the file of `plan --out`.") from error
    return read_plan(text, str(file))


def auth_check(settings: Settings, environment: Mapping[str, str]) -> Identity:
    """Whom the token speaks for; asks for a token, sends nothing to Graph."""

    async def run() -> Identity:
        """Asks for a token and reads its claims."""
        from reconciler.graph.credentials import open_tokens
        from reconciler.graph.identity import identity_of

        return identity_of(await open_tokens(settings, environment).token())

    return asyncio.run(run())


@asynccontextmanager
async def _connect(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[GraphClient]:
    """A client for the Graph that the settings name; starts the embedded one where they ask for it."""
    # The SDK takes 300 ms to import, which commands without Graph must not pay.
    from reconciler.graph.client import Limits, open_client
    from reconciler.graph.credentials import open_tokens
    from reconciler.graph.retry import RetryPolicy

    limits = Limits(RetryPolicy(settings.max_retries), settings.timeout_s, settings.concurrency)
    tokens = open_tokens(settings, environment)
    async with _graph_url(settings) as url, open_client(url, tokens, limits) as graph:
        yield graph


@asynccontextmanager
async def _graph_url(settings: Settings) -> AsyncIterator[str]:
    """The address of the Graph to talk to; the embedded one runs while the block lasts."""
    if settings.sandbox_db is None:
        yield settings.graph_url
        return
    from reconciler.sandbox.errors import SandboxDatabaseError
    from reconciler.sandbox.server import serve

    async with AsyncExitStack() as stack:
        try:
            settings.sandbox_db.parent.mkdir(parents=True, exist_ok=True)
            url = await stack.enter_async_context(serve(settings.sandbox_db))
        except (SandboxDatabaseError, OSError) as error:
            raise UsageError(f"The sandbox cannot start: {error}", hint="Choose another --sandbox-db.") from error
        yield url


async def _plan(graph: GraphClient, settings: Settings, desired: Sequence[DesiredCatalog], advance: Advance) -> Plan:
    from reconciler.graph.identity import identity_of
    from reconciler.graph.reading import observe

    declared, desired = desired, preselect(desired, settings.catalogs)
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        advance("reading catalogs", done, len(desired))

    observed = await observe(graph, [one.catalog for one in desired], one_more)
    if settings.catalogs:
        pairs = select(list(zip(desired, observed, strict=True)), settings.catalogs, declared)
        desired, observed = [one for one, _ in pairs], [found for _, found in pairs]
    context = PlanContext(
        tool_version=__version__,
        tenant_id=await _tenant_id(graph, settings),
        graph_url=settings.graph_url,
        app_only=identity_of(await graph.token()).kind == "app",
    )
    return build_plan(desired, observed, context)


async def _carry_out(approved: Plan, graph: GraphClient, advance: Advance) -> Applied:
    """Applies a plan that was shown and approved; the first SIGINT or SIGTERM lets no new write start."""
    from reconciler.apply.run import apply_plan
    from reconciler.apply.write import Writer

    done = 0

    def one_more(_outcome: Outcome) -> None:
        nonlocal done
        done += 1
        advance("applying changes", done, len(approved.changes))

    with _stop_signals() as stopped:
        outcomes = await apply_plan(approved, Writer(graph), stopped=stopped, report=one_more)
        return Applied(approved, outcomes, interrupted=stopped())


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM has come; while the block lasts they do nothing else."""
    received: list[int] = []
    former = {
        number: signal.signal(number, lambda number, _frame: received.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


async def _tenant_id(graph: GraphClient, settings: Settings) -> str:
    """The token's tenant; on loopback the all-zero GUID."""
    from reconciler.graph.identity import identity_of

    if settings.cloud is None:
        return LOOPBACK_TENANT
    return identity_of(await graph.token()).tenant_id or LOOPBACK_TENANT


def _refuse_other_target(saved: Plan, tenant_id: str, settings: Settings) -> None:
    if graph_host(saved.graph_url) != graph_host(settings.graph_url):
        here = settings.graph_url if settings.graph_url == SANDBOX else graph_host(settings.graph_url)
        raise StalePlanError(
            f"The plan was made for {graph_host(saved.graph_url)}, not for {here}; nothing was written.",
            hint="Give the target options that the plan was made with.",
        )
    if saved.tenant_id != tenant_id:
        raise StalePlanError(
            f"The plan was made for tenant {saved.tenant_id}, the token is of {tenant_id}; nothing was written.",
            hint="Sign in to the plan's tenant, or plan again.",
        )


def preselect(desired: Sequence[DesiredCatalog], names: Sequence[str]) -> Sequence[DesiredCatalog]:
    """The catalogs that `--catalog` may mean; one declared by id may turn out, once read, to have the name."""
    if not names:
        return desired
    wanted = {name.casefold() for name in names}
    return [one for one in desired if one.catalog.id is not None or str(one.catalog).casefold() in wanted]


def select(
    pairs: Sequence[tuple[DesiredCatalog, ObservedCatalog]], names: Sequence[str], declared: Sequence[DesiredCatalog]
) -> list[tuple[DesiredCatalog, ObservedCatalog]]:
    """Those of the read catalogs that `--catalog` means by name or id.

    Raises:
        UsageError: a name is that of no declared catalog.
    """
    wanted = {name.casefold() for name in names}
    unknown = sorted(wanted.difference(*(_names(found.catalog) for _, found in pairs)))
    if unknown:
        known = ", ".join(sorted(str(one.catalog) for one in declared))
        raise UsageError(f"--catalog names what no file declares: {', '.join(unknown)}.", hint=f"Declared: {known}.")
    return [(one, found) for one, found in pairs if _names(found.catalog) & wanted]


def _names(catalog: Catalog) -> set[str]:
    return {name.casefold() for name in (catalog.id, catalog.display_name) if name}
