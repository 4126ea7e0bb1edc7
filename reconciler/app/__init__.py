"""The use cases: the picture of the house in code. Each is one short function; nothing here prints.

Whatever needs Graph is imported when it is used: the SDK takes 300 ms to import, which `validate` must not pay.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler import __version__
from reconciler.errors import InvalidFilesError, ReconcilerError, StalePlanError
from reconciler.loader import LoadedState, load, schema_text
from reconciler.model.extension import DesiredCatalog
from reconciler.model.identity import Identity
from reconciler.model.plan import Outcome, Plan
from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.app.connection import Connection

T = TypeVar("T")

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
        async with _connect(settings, environment) as connection:
            return await _plan(connection, desired, advance)

    return _run(run())


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
        async with _connect(settings, environment) as connection:
            fresh = await _plan(connection, desired, advance)
            refusal = approval.refusal(fresh)
            return Applied(fresh, refusal=refusal) if refusal else await _carry_out(fresh, connection, advance)

    return _run(run())


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

        async with _connect(settings, environment) as connection:
            connection.refuse_plan_of_another_target(saved)
            await refuse_if_stale(saved, connection.graph)
            return await _carry_out(saved, connection, advance)

    return _run(run())


def show(file: Path) -> Plan:
    """A saved plan, read back.

    Raises:
        InvalidFilesError: there is none, or it is no plan document.
        StalePlanError: it was altered.
    """
    from reconciler.plan.saved import read_plan

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidFilesError(f"{file} cannot be read: {reason}.", hint="Give the file of `plan --out`.") from error
    return read_plan(text, str(file), json.loads(schema_text("plan")))


def auth_check(settings: Settings, environment: Mapping[str, str]) -> Identity:
    """Whom the token speaks for; asks for a token, sends nothing to Graph."""

    async def run() -> Identity:
        """Asks for a token and reads its claims."""
        from reconciler.graph.credentials import open_tokens
        from reconciler.graph.identity import identity_of

        return identity_of(await open_tokens(settings, environment).token())

    return _run(run())


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the one event loop of the command."""
    import asyncio

    return asyncio.run(work)


def _connect(settings: Settings, environment: Mapping[str, str]) -> AbstractAsyncContextManager[Connection]:
    from reconciler.app.connection import connect

    return connect(settings, environment)


async def _plan(connection: Connection, declared: Sequence[DesiredCatalog], advance: Advance) -> Plan:
    from reconciler.app.selection import may_be_meant, meant
    from reconciler.graph.reading import observe
    from reconciler.plan.build import PlanContext, build_plan

    names = connection.settings.catalogs
    desired = may_be_meant(declared, names)
    read = _counting("reading catalogs", len(desired), advance)
    observed = await observe(connection.graph, [one.catalog for one in desired], read)
    context = PlanContext(
        tool_version=__version__,
        tenant_id=connection.tenant_id,
        graph_url=connection.settings.graph_url,
        app_only=connection.identity.kind == "app",
    )
    return build_plan(meant(list(zip(desired, observed, strict=True)), names, declared), context)


async def _carry_out(approved: Plan, connection: Connection, advance: Advance) -> Applied:
    """Applies a plan that was shown and approved; the first SIGINT or SIGTERM lets no new write start."""
    from reconciler.app.signals import stop_signals
    from reconciler.apply.run import apply_plan
    from reconciler.apply.write import Writer

    applied = _counting("applying changes", len(approved.changes), advance)
    with stop_signals() as stopped:
        outcomes = await apply_plan(approved, Writer(connection.graph), stopped=stopped, report=lambda _: applied())
        return Applied(approved, outcomes, interrupted=stopped())


def _counting(what: str, total: int, advance: Advance) -> Callable[[], None]:
    """What to call as each of `total` things is done."""
    done = itertools.count(1)
    return lambda: advance(what, next(done), total)
