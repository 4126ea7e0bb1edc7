"""The commands around a plan: validate, plan, apply, drift, show."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.options import DEFAULT_PATH, output_options, paths_argument, target_options
from reconciler.errors import InvalidFilesError, ReconcilerError, RefusedError, UsageError

if TYPE_CHECKING:
    from reconciler.app import Applied
    from reconciler.cli.output import Output
    from reconciler.loader import LoadedState
    from reconciler.model.plan import Plan
    from reconciler.settings import Settings

DONE, CHANGES_PENDING, INVALID_FILES, REFUSED, STALE, APPLIED_IN_PART, INTERRUPTED = 0, 2, 3, 4, 5, 6, 130

detailed_exitcode = click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")


@click.command("validate")
@paths_argument
@output_options("sarif")
def validate_command(paths: tuple[Path, ...], output: Output) -> int:
    """Checks files offline: YAML, schema, meaning. Needs no credentials."""
    from reconciler import app

    loaded = app.validate(paths or (DEFAULT_PATH,))
    _print_findings(loaded, output)
    return INVALID_FILES if loaded.faulty else DONE


@click.command("plan")
@paths_argument
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan document here.")
@detailed_exitcode
@target_options
@output_options()
def plan_command(
    paths: tuple[Path, ...], out: Path | None, detailed_exitcode: bool, settings: Settings, output: Output
) -> int:
    """Reads Graph and shows what apply would do. Writes nothing."""
    plan = _plan(paths, settings, output)
    if plan is None:
        return INVALID_FILES
    if out is not None:
        from reconciler.cli.output import save
        from reconciler.render.json_document import plan_document, to_json

        save(out, to_json(plan_document(plan)))
    _print_plan(plan, output)
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("drift")
@paths_argument
@detailed_exitcode
@target_options
@output_options()
def drift_command(paths: tuple[Path, ...], detailed_exitcode: bool, settings: Settings, output: Output) -> int:
    """Shows what differs live from what is declared, and who changed it when. Writes nothing."""
    plan = _plan(paths, settings, output)
    if plan is None:
        return INVALID_FILES
    _print_plan(plan, output, drift=True)
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@output_options()
def show_command(file: Path, output: Output) -> int:
    """Renders a saved plan again, in any format."""
    from reconciler import app

    try:
        plan = app.show(file)
    except InvalidFilesError as error:
        return _report_invalid(error, output)
    _print_plan(plan, output)
    return DONE


@click.command("apply")
@paths_argument
@click.option("--plan", "plan_file", type=click.Path(path_type=Path, dir_okay=False), help="Carry out a saved plan.")
@click.option("--expect-digest", metavar="sha256:…", help="Carry out only the plan with this digest.")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@target_options
@output_options()
def apply_command(
    paths: tuple[Path, ...],
    plan_file: Path | None,
    expect_digest: str | None,
    auto_approve: bool,
    settings: Settings,
    output: Output,
) -> int:
    """Plans, shows the plan, asks, and carries it out."""
    if plan_file is None:
        return _apply_fresh(paths, settings, output, digest=expect_digest, approved=auto_approve)
    named = click.get_current_context().get_parameter_source("catalogs") is click.core.ParameterSource.COMMANDLINE
    if paths or expect_digest or named:
        raise UsageError(
            "--plan was given together with PATH, --catalog or --expect-digest.",
            hint="A saved plan says itself what it changes: give --plan and the target options only.",
        )
    return _apply_saved(plan_file, settings, output)


def _plan(paths: tuple[Path, ...], settings: Settings, output: Output) -> Plan | None:
    """The plan for the files; None after printing their faults."""
    from reconciler import app
    from reconciler.cli.output import progress

    loaded = app.validate(paths or (DEFAULT_PATH,))
    if loaded.faulty:
        _print_findings(loaded, output)
        return None
    with progress(output) as advance:
        return app.plan(settings, os.environ, loaded.catalogs, advance)


def _apply_saved(file: Path, settings: Settings, output: Output) -> int:
    from reconciler import app
    from reconciler.cli.output import progress

    try:
        with progress(output) as advance:
            applied = app.apply_saved(settings, os.environ, file, advance)
    except InvalidFilesError as error:
        return _report_invalid(error, output)
    return _report(applied, output)


def _apply_fresh(
    paths: tuple[Path, ...], settings: Settings, output: Output, *, digest: str | None, approved: bool
) -> int:
    from reconciler import app
    from reconciler.cli.output import progress

    loaded = app.validate(paths or (DEFAULT_PATH,))
    if loaded.faulty:
        _print_findings(loaded, output)
        return INVALID_FILES

    def show(plan: Plan) -> None:
        """Prints the plan, unless the one document at the end will hold it."""
        if output.format != "json":
            _print_plan(plan, output)

    def ask(plan: Plan) -> ReconcilerError | None:
        """Why the plan is not approved."""
        return None if approved else _ask(plan, output)

    with progress(output) as advance:
        approval = app.Approval(show, ask, digest)
        applied = app.apply(settings, os.environ, loaded.catalogs, approval, advance)
    return _report(applied, output)


def _ask(plan: Plan, output: Output) -> ReconcilerError | None:
    """Asks on the terminal; only `yes` approves."""
    if not sys.stdin.isatty():
        return RefusedError(
            "Nobody approved the plan: stdin is no terminal. Nothing was written.",
            hint="Approve with --auto-approve, --expect-digest, or a plan saved by `plan --out` and given to --plan.",
        )
    if output.format == "json":
        from reconciler.cli.output import tell
        from reconciler.render.text import plan_text

        tell(plan_text(plan))
    # While the event loop runs, Python only cancels its task on Ctrl-C, which a prompt would not notice.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = click.prompt("Carry out this plan? Only yes approves", default="", show_default=False, err=True)
    finally:
        signal.signal(signal.SIGINT, former)
    return None if answer == "yes" else RefusedError("The plan was not approved. Nothing was written.")


def _report(applied: Applied, output: Output) -> int:
    """Prints how an apply ended; its exit code (6 outranks 4)."""
    if applied.refusal is None or output.format == "json":
        _print_outcomes(applied, output)
    if applied.refusal is not None:
        raise applied.refusal
    return _apply_code(applied)


def _apply_code(applied: Applied) -> int:
    if applied.interrupted:
        return INTERRUPTED
    ended = [outcome for outcome in applied.outcomes if outcome.status in ("failed", "unknown")]
    if ended:
        nothing_written = not any(outcome.status == "done" for outcome in applied.outcomes)
        return STALE if nothing_written and all(outcome.stale for outcome in ended) else APPLIED_IN_PART
    return REFUSED if applied.plan.blocked else DONE


def _plan_code(plan: Plan, *, detailed: bool) -> int:
    if plan.blocked:
        return REFUSED
    return CHANGES_PENDING if detailed and plan.pending else DONE


def _print_findings(loaded: LoadedState, output: Output) -> None:
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_findings

    counts = {"files": loaded.files, "extensions": loaded.extensions}
    emit(rendered_findings(loaded.diagnostics, output.format, **counts, tool_version=__version__), output)


def _report_invalid(error: InvalidFilesError, output: Output) -> int:
    """Prints what is wrong with a saved plan, in every format; the exit code."""
    from reconciler.cli.output import emit
    from reconciler.model.diagnostic import Diagnostic
    from reconciler.render.formats import rendered_findings

    finding = Diagnostic("R305", "error", str(error), error.hint or "")
    counts = {"files": 0, "extensions": 0}
    emit(rendered_findings([finding], output.format, **counts, tool_version=__version__), output)
    return INVALID_FILES


def _print_plan(plan: Plan, output: Output, *, drift: bool = False) -> None:
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_plan

    emit(rendered_plan(plan, output.format, drift=drift), output)


def _print_outcomes(applied: Applied, output: Output) -> None:
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_outcomes

    emit(rendered_outcomes(applied.plan, applied.outcomes, output.format), output)
