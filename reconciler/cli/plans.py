"""The commands that only read: validate, plan, drift, show; and what they share with apply."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.findings import INVALID_FILES, print_findings, report_invalid
from reconciler.cli.options import (
    arm_url_option,
    output_options,
    page_options,
    paths_argument,
    target_arguments,
    target_options,
)
from reconciler.errors import InvalidFilesError
from reconciler.settings import DEFAULT_MAX_DELETES, DEFAULT_PATH

if TYPE_CHECKING:
    from reconciler.app.plan import Checks
    from reconciler.cli.output import Output
    from reconciler.loader import LoadedState
    from reconciler.model.plan import Plan
    from reconciler.render.page import Page
    from reconciler.settings import Settings

DONE, CHANGES_PENDING, REFUSED = 0, 2, 4

detailed_exitcode = click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending."
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan document in this file.",
)
max_deletes_option = click.option(
    "--max-deletes",
    type=click.IntRange(min=0),
    default=DEFAULT_MAX_DELETES,
    show_default=True,
    envvar="RECONCILER_MAX_DELETES",
    metavar="N",
    help="Refuse a plan that deletes or replaces more objects.",
)
no_beta_check_option = click.option(
    "--no-beta-check",
    is_flag=True,
    envvar="RECONCILER_NO_BETA_CHECK",
    help="Change policies without looking for settings that Graph v1.0 does not show.",
)
summary_option = click.option(
    "--summary", is_flag=True, help="Titles and counts only, in text and Markdown."
)


@click.command("validate")
@paths_argument
@output_options("sarif")
def validate_command(paths: tuple[Path, ...], output: Output) -> int:
    """Checks files offline: YAML, schema, semantic rules. Needs no credentials.

    PATH is a file or folder of YAML, by default desired_state.
    """
    from reconciler.app.files import validate

    loaded = validate(paths or (DEFAULT_PATH,))
    checked = {
        "files": loaded.files,
        **loaded.declared,
        "environments": loaded.environments,
    }
    print_findings(loaded.diagnostics, output, checked, is_result=True)
    return INVALID_FILES if loaded.faulty else DONE


@click.command("plan")
@paths_argument
@out_option
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A saved plan (for example of the base branch); changes it already contains are marked.",
)
@detailed_exitcode
@max_deletes_option
@no_beta_check_option
@click.option(
    "--preflight",
    is_flag=True,
    envvar="RECONCILER_PREFLIGHT",
    help="Check the declared Logic Apps too; needs the role Reader on them.",
)
@summary_option
@page_options
@arm_url_option
@output_options()
@target_options
def plan_command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    baseline: Path | None,
    detailed_exitcode: bool,
    max_deletes: int,
    no_beta_check: bool,
    preflight: bool,
    summary: bool,
    page: Page,
    settings: Settings,
    output: Output,
) -> int:
    """Reads Graph and shows what apply would do. Changes nothing in the tenant.

    PATH is a file or folder of YAML, by default desired_state.
    """
    from reconciler.app.files import show

    _refuse_unwritable(out)
    try:
        earlier = None if baseline is None else show(baseline)
    except InvalidFilesError as error:
        return report_invalid(error, output)
    from reconciler.app.plan import Checks
    from reconciler.plan.limit import beyond_limit, with_limit

    checks = Checks(second_looks=not no_beta_check, preflight=preflight)
    plan = _plan(paths, settings, output, checks, earlier)
    if plan is None:
        return INVALID_FILES
    plan = with_limit(plan, max_deletes)

    excess = beyond_limit(plan, max_deletes)
    _save(plan, out, output, is_refused=excess is not None)
    print_plan(plan, output, page, summary=summary)
    if excess is not None:
        raise excess
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("drift")
@paths_argument
@out_option
@detailed_exitcode
@max_deletes_option
@no_beta_check_option
@summary_option
@page_options
@output_options()
@target_options
def drift_command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    detailed_exitcode: bool,
    max_deletes: int,
    no_beta_check: bool,
    summary: bool,
    page: Page,
    settings: Settings,
    output: Output,
) -> int:
    """Shows where the tenant differs from the files, and who last changed it. Changes nothing.

    PATH is a file or folder of YAML, by default desired_state.
    """
    from reconciler.app.plan import Checks
    from reconciler.plan.limit import beyond_limit, with_limit

    _refuse_unwritable(out)
    plan = _plan(paths, settings, output, Checks(second_looks=not no_beta_check))
    if plan is None:
        return INVALID_FILES
    plan = with_limit(plan, max_deletes)

    _save(plan, out, output, is_refused=beyond_limit(plan, max_deletes) is not None)
    print_plan(plan, output, page, drift=True, summary=summary)
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--drift", is_flag=True, help="Show it as drift: declared and live values.")
@summary_option
@page_options
@output_options()
def show_command(file: Path, drift: bool, summary: bool, page: Page, output: Output) -> int:
    """Shows a saved plan again, in any format."""
    from reconciler.app.files import show

    try:
        plan = show(file)
    except InvalidFilesError as error:
        return report_invalid(error, output)
    print_plan(plan, output, page, drift=drift, summary=summary)
    return DONE


def declared_state(
    paths: tuple[Path, ...], settings: Settings, output: Output
) -> LoadedState | None:
    """What the files declare in the chosen environment; None after printing the errors in them."""
    from reconciler.app.files import declared

    return valid(declared(settings, paths or (DEFAULT_PATH,)), output)


def valid(loaded: LoadedState, output: Output) -> LoadedState | None:
    """What valid files declare; None after printing the errors in invalid ones."""
    if not loaded.faulty:
        return loaded
    print_findings(loaded.diagnostics, output, {"files": loaded.files, **loaded.declared})
    return None


def _plan(
    paths: tuple[Path, ...],
    settings: Settings,
    output: Output,
    checks: Checks,
    baseline: Plan | None = None,
) -> Plan | None:
    """The plan for the files; None after printing the errors in them."""
    from reconciler.app.files import declaring
    from reconciler.app.plan import plan
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress
    from reconciler.loader import LoadedState

    loading = declaring(settings, paths or (DEFAULT_PATH,))
    with progress(output) as bars:
        result = run_async(plan(settings, os.environ, loading, bars, baseline, checks))
    if isinstance(result, LoadedState):
        valid(result, output)
        return None
    return result


def _refuse_unwritable(out: Path | None) -> None:
    """Ends a run whose plan could not be saved before it reads Graph."""
    from reconciler.files import refuse_unwritable

    if out is not None:
        refuse_unwritable(out)


def _save(plan: Plan, out: Path | None, output: Output, *, is_refused: bool) -> None:
    """Saves the plan document if --out was given, and says how to apply it, or that apply would
    refuse it because it is beyond the limit on deletions.
    """
    if out is None:
        return
    from reconciler.cli.output import save, tell
    from reconciler.plan.saved import saved_text

    save(out, saved_text(plan))
    if output.verbosity >= 0 and _is_kept(out):
        tell(f"Saved the plan to {out}.{_next_step(plan, out, is_refused=is_refused)}")


def _next_step(plan: Plan, out: Path, *, is_refused: bool) -> str:
    if is_refused:
        return " apply would refuse it: it deletes or replaces more than --max-deletes allows."
    command = ["reconciler", "apply", *target_arguments(), "--plan", str(out)]
    return f" To apply exactly this: {shlex.join(command)}" if plan.pending else ""


def _is_kept(file: Path) -> bool:
    """True for a regular file; a pipe or a device, `/dev/stdout` included, holds no plan to apply
    later.
    """
    return file.is_file() and not {Path("/dev"), Path("/proc")}.intersection(
        file.absolute().parents
    )


def _plan_code(plan: Plan, *, detailed: bool) -> int:
    if plan.blocked:
        return REFUSED
    return CHANGES_PENDING if detailed and plan.pending else DONE


def print_plan(
    plan: Plan,
    output: Output,
    page: Page | None = None,
    *,
    drift: bool = False,
    summary: bool = False,
) -> None:
    """Prints the plan, or its titles and counts only."""
    from reconciler.app.kinds import wording
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_plan, rendered_summary

    render = rendered_summary if summary else rendered_plan
    emit(render(plan, output.format, page, wording(drift=drift)), output, wrap=True)
