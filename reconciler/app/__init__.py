"""The use cases. Each is one short function; nothing here prints.

Whatever needs Graph is imported when it is used: the SDK takes 300 ms to import, which `validate`
must not pay.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler import signals
from reconciler.app.environments import environment_named
from reconciler.app.runs import Applied, Approval, Checked, Progress
from reconciler.app.targets import refuse_plan_of_another_target
from reconciler.errors import (
    AuthenticationError,
    InvalidFilesError,
    ReconcilerError,
    StalePlanError,
    UsageError,
)
from reconciler.loader import (
    LoadedEnvironments,
    LoadedState,
    load,
    load_environments,
    load_for_each,
    load_texts,
    schema_text,
)
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.environment import Environment
from reconciler.model.identity import Assertion
from reconciler.model.plan import Plan
from reconciler.settings import Settings, refuse_token_of_another_tenant, sign_in_variables

if TYPE_CHECKING:
    from reconciler.apply.journal import Record
    from reconciler.model.export import Export, Update

T = TypeVar("T")


def validate(paths: Sequence[Path]) -> LoadedState:
    """Every error in the files, for every environment of `reconciler.yaml`; needs no network and no
    credentials.
    """
    named = load_environments()
    loaded = load_for_each(paths, named.environments)
    # While reconciler.yaml is invalid, it is unknown which variables it would define.
    diagnostics = [
        finding
        for finding in loaded.diagnostics
        if not (named.diagnostics and finding.code == "R209")
    ]
    return replace(
        loaded,
        catalogs=() if named.diagnostics else loaded.catalogs,
        diagnostics=(*named.diagnostics, *diagnostics),
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
            f"Environment {name} does not exist: this folder has no reconciler.yaml.",
            hint="Run in the folder of reconciler.yaml, or omit --environment.",
        )
    return environment_named(named, name), ()


def environments() -> LoadedEnvironments:
    """The environments of `reconciler.yaml`, or what is wrong with that file."""
    return load_environments()


def environment_names() -> Sequence[str]:
    """The names of all environments; none if `reconciler.yaml` does not exist or is invalid."""
    return [environment.name for environment in environments().environments]


def is_saved_plan(path: Path) -> bool:
    """True for a file that contains a plan document, whatever its name; errors in other files are
    reported later.
    """
    try:
        if not path.is_file():
            return False
        from reconciler.plan.saved import decoded

        document = json.loads(decoded(_bounded(path)))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and {"format_version", "digest", "changes"} <= document.keys()


def declared(settings: Settings, paths: Sequence[Path]) -> LoadedState:
    """What the files declare in the chosen environment, or every error in them."""
    return load(paths, settings.environment)


def plan(
    settings: Settings,
    variables: Mapping[str, str],
    desired: LoadedState,
    progress: Progress,
    baseline: Plan | None = None,
) -> Plan:
    """The plan for the desired state, with the changes of the baseline marked; reads Graph, writes
    nothing.
    """

    async def run() -> Plan:
        """Connects and plans."""
        from reconciler.app.connection import connect
        from reconciler.app.steps import fresh_plan

        async with connect(settings, variables, progress.remark) as connection:
            return await fresh_plan(connection, desired, progress)

    fresh = _run(run())
    if baseline is None:
        return fresh
    from reconciler.plan.baseline import with_baseline

    return with_baseline(fresh, baseline, all_catalogs=not settings.catalogs)


def apply(
    settings: Settings,
    variables: Mapping[str, str],
    desired: LoadedState,
    approval: Approval,
    progress: Progress,
    journal: Path | None = None,
) -> Applied:
    """Makes a new plan and applies it, if it is approved; every write is recorded in the journal.

    Raises:
        UsageError: the journal cannot be written; nothing was read or written.
    """

    async def run(record: Record) -> Applied:
        """Connects once for planning and writing."""
        from reconciler.app.carry_out import carry_out
        from reconciler.app.connection import connect
        from reconciler.app.steps import fresh_plan

        async with connect(settings, variables, progress.remark) as connection:
            fresh = await fresh_plan(connection, desired, progress)
            refusal = approval.refusal(fresh)
            return (
                Applied(fresh, refusal=refusal)
                if refusal
                else await carry_out(fresh, connection, progress, record)
            )

    return _run_recorded(run, journal)


def apply_saved(
    settings: Settings,
    variables: Mapping[str, str],
    file: Path,
    progress: Progress,
    journal: Path | None = None,
) -> Applied:
    """Applies a saved plan, after checking that tenant, host and every object to be changed are as
    they were.

    Raises:
        StalePlanError: they are not, or the document was altered or truncated.
    """
    try:
        saved = show(file)
    except InvalidFilesError as error:
        if not file.exists():
            raise
        raise StalePlanError(f"{error} Nothing was written.", hint=error.hint) from error

    refuse_plan_of_another_target(settings, saved)

    async def run(record: Record) -> Applied:
        """Checks the whole plan before the first write."""
        from reconciler.app.carry_out import carry_out
        from reconciler.app.connection import connect
        from reconciler.apply.run import refuse_if_stale

        async with connect(settings, variables, progress.remark) as connection:
            connection.refuse_plan_of_another_tenant(saved)
            await refuse_if_stale(saved, connection.graph)
            return await carry_out(saved, connection, progress, record)

    return _run_recorded(run, journal)


def show(file: Path) -> Plan:
    """A saved plan, read back.

    Raises:
        InvalidFilesError: it is missing, or is not a plan document.
        StalePlanError: it was altered.
    """
    from reconciler.plan.saved import decoded, read_plan

    try:
        text = decoded(_bounded(file))
    except (OSError, ValueError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else "it is neither UTF-8 nor UTF-16 text"
        )
        raise InvalidFilesError(
            f"{file} cannot be read: {reason}.", hint="Pass a file written by plan --out."
        ) from error
    return read_plan(text, str(file), json.loads(schema_text("plan")))


def _bounded(file: Path) -> bytes:
    """The content of a file; only the beginning if that is not the beginning of a plan.

    Raises:
        OSError: it cannot be read, or is larger than a saved plan may be.
    """
    from reconciler.plan.saved import MAX_BYTES, begins_like_a_plan

    with file.open("rb") as opened:
        size_bytes = os.fstat(opened.fileno()).st_size
        content = opened.read(1024)
        if size_bytes <= MAX_BYTES and begins_like_a_plan(content):
            content += opened.read(MAX_BYTES)  # a pipe has no size, and may never end
            size_bytes = max(size_bytes, len(content))
    if size_bytes > MAX_BYTES and begins_like_a_plan(content):
        limit_gib = MAX_BYTES // 1024**3
        raise OSError(errno.EFBIG, f"it is larger than {limit_gib} GiB, the maximum size of a plan")
    return content


def export(settings: Settings, variables: Mapping[str, str], progress: Progress) -> Export:
    """The live extensions as desired-state documents; reads Graph, writes nothing.

    Raises:
        UsageError: no catalog of the tenant has a name that was given.
    """

    async def run() -> Export:
        """Reads the catalogs side by side."""
        from reconciler.app.connection import connect
        from reconciler.app.selection import select_live
        from reconciler.app.steps import counting
        from reconciler.export.documents import export
        from reconciler.graph.reading import list_catalogs, observe_listed

        async with connect(settings, variables, progress.remark) as connection:
            every = await list_catalogs(connection.graph)
            chosen = select_live(every, settings.catalogs)
            read = counting("reading catalogs", len(chosen), progress)
            return export(
                await observe_listed(connection.graph, chosen, read),
                every,
                named=bool(settings.catalogs),
            )

    return _run(run())


def export_update(
    settings: Settings, variables: Mapping[str, str], texts: Mapping[str, str], progress: Progress
) -> Update:
    """The valid files, given by name, edited to the live values; writes nothing itself."""

    async def run() -> Update:
        """Observes the declared catalogs, as a plan does."""
        from reconciler.app.connection import connect
        from reconciler.app.steps import observed, plan_context
        from reconciler.export.update import Files, update
        from reconciler.plan.build import build_plan

        async with connect(settings, variables, progress.remark) as connection:
            declared = load_texts(texts.items(), settings.environment).catalogs
            pairs = await observed(connection, declared, progress)
            context = plan_context(connection)
            others = _other_environments(settings, texts)
            return update(
                Files(texts, settings.environment, lambda some: build_plan(some, context), others),
                pairs,
            )

    return _run(run())


def _other_environments(settings: Settings, texts: Mapping[str, str]) -> tuple[Environment, ...]:
    """The other environments of `reconciler.yaml` in which these files are valid."""
    every = load_environments().environments
    others = (environment for environment in every if environment.name != settings.environment_name)
    return tuple(other for other in others if not load_texts(texts.items(), other).faulty)


def init(folder: Path, action: str | None, environments: Sequence[str] = ()) -> Mapping[Path, str]:
    """Writes the files of a new repository into the folder: which were written, updated or kept, in
    order.

    With an action, the workflows that call it. With environments, also their workflows and
    `reconciler.yaml`; an existing `reconciler.yaml` must name them.

    Raises:
        UsageError: the action is not pinned, an environment name is invalid or not in
            `reconciler.yaml`, or a file already exists or cannot be written; nothing was written.
    """
    from reconciler.app.new_repository import write_repository

    return write_repository(folder, action, environments)


def auth_check(settings: Settings, variables: Mapping[str, str]) -> Checked:
    """The identity in the access token; requests a token, sends nothing to Graph.

    Raises:
        AuthenticationError: there is no token, and no assertion was sent that would explain why.
    """

    async def run() -> Checked:
        """Requests a token and reads its claims."""
        from reconciler.graph.credentials import open_tokens
        from reconciler.graph.identity import identity_of

        shown: list[Assertion] = []
        try:
            token = await open_tokens(
                settings, sign_in_variables(settings, variables), shown.append
            ).token()
        except AuthenticationError as error:
            if not shown:
                raise
            return Checked(None, shown[-1], error)
        identity, assertion = identity_of(token), shown[-1] if shown else None
        try:
            refuse_token_of_another_tenant(settings, identity)
        except AuthenticationError as error:
            return Checked(identity, assertion, error)
        return Checked(identity, assertion)

    return _run(run())


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Runs the one event loop of the command.

    Raises:
        KeyboardInterrupt: a signal arrived while Graph was read; nothing was written.
    """
    import asyncio

    async def until_signal() -> T:
        """The work, cancelled by a signal until it handles signals itself."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        with signals.reacting(lambda: loop.call_soon_threadsafe(task.cancel)):
            return await task

    try:
        return asyncio.run(until_signal())
    except (asyncio.CancelledError, ReconcilerError):
        # A request that fails while it is cancelled hides the cancellation; the signal came first.
        if signals.received():
            raise KeyboardInterrupt from None
        raise


def _run_recorded(work: Callable[[Record], Coroutine[Any, Any, T]], journal: Path | None) -> T:
    """Runs the one event loop of a command that writes, with the journal open from the beginning to
    the end.
    """
    from reconciler.apply.journal import open_journal

    with open_journal(journal) as record:
        return _run(work(record))
