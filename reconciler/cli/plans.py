"""The commands that look: validate, plan, drift, show; and what they share with apply."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.findings import INVALID_FILES, print_findings, report_invalid
from reconciler.cli.options import DEFAULT_PATH, output_options, page_options, paths_argument, target_options
from reconciler.errors import InvalidFilesError

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.loader import LoadedState
    from reconciler.model.plan import Plan
    from reconciler.render.page import Page
    from reconciler.settings import Settings

DONE, CHANGES_PENDING, REFUSED = 0, 2, 4

detailed_exitcode = click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")
out_option = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan document here.")


@click.command("validate")
@paths_argument
@output_options("sarif")
def validate_command(paths: tuple[Path, ...], output: Output) -> int:
    """Checks files offline: YAML, schema, meaning. Needs no credentials.

    PATH is a file or folder of YAML, by default desired_state.
    """
    from reconciler import app

    loaded = app.validate(paths or (DEFAULT_PATH,))
    looked_at = {"files": loaded.files, "extensions": loaded.extensions, "environments": loaded.environments}
    print_findings(loaded.diagnostics, output, **looked_at)
    return INVALID_FILES if loaded.faulty else DONE


@click.command("plan")
@paths_argument
@out_option
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="An earlier plan, of the base branch say; what it holds too is marked.",
)
@detailed_exitcode
@page_options
@output_options()
@target_options
def plan_command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    baseline: Path | None,
    detailed_exitcode: bool,
    page: Page,
    settings: Settings,
    output: Output,
) -> int:
    """Reads Graph and shows what apply would do. Writes nothing.

    PATH is a file or folder of YAML, by default desired_state.
    """
    from reconciler import app

    try:
        earlier = None if baseline is None else app.show(baseline)
    except InvalidFilesError as error:
        return report_invalid(error, output)
    plan = _plan(paths, settings, output, earlier)
    if plan is None:
        return INVALID_FILES
    _save(plan, out)
    print_plan(plan, output, page)
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("drift")
@paths_argument
@out_option
@detailed_exitcode
@page_options
@output_options()
@target_options
def drift_command(
    *,
    paths: tuple[Path, ...],
    out: Path | None,
    detailed_exitcode: bool,
    page: Page,
    settings: Settings,
    output: Output,
) -> int:
    """Shows what differs live from what is declared, and who changed it when. Writes nothing.

    PATH is a file or folder of YAML, by default desired_state.
    """
    plan = _plan(paths, settings, output)
    if plan is None:
        return INVALID_FILES
    _save(plan, out)
    print_plan(plan, output, page, drift=True)
    return _plan_code(plan, detailed=detailed_exitcode)


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--drift", is_flag=True, help="In the words of drift.")
@page_options
@output_options()
def show_command(file: Path, drift: bool, page: Page, output: Output) -> int:
    """Renders a saved plan again, in any format."""
    from reconciler import app

    try:
        plan = app.show(file)
    except InvalidFilesError as error:
        return report_invalid(error, output)
    print_plan(plan, output, page, drift=drift)
    return DONE


def declared_state(paths: tuple[Path, ...], settings: Settings, output: Output) -> LoadedState | None:
    """What the files declare in the chosen environment; None after printing their faults."""
    from reconciler import app

    return sound(app.declared(settings, paths or (DEFAULT_PATH,)), output)


def sound(loaded: LoadedState, output: Output) -> LoadedState | None:
    """What valid files declare; None after printing what is wrong with others."""
    if not loaded.faulty:
        return loaded
    print_findings(loaded.diagnostics, output, files=loaded.files, extensions=loaded.extensions)
    return None


def _plan(paths: tuple[Path, ...], settings: Settings, output: Output, baseline: Plan | None = None) -> Plan | None:
    """The plan for the files; None after printing their faults."""
    from reconciler import app
    from reconciler.cli.output import progress

    declared = declared_state(paths, settings, output)
    if declared is None:
        return None
    with progress(output) as bars:
        return app.plan(settings, os.environ, declared, bars, baseline)


def _save(plan: Plan, out: Path | None) -> None:
    """Saves the plan document, where that was asked for."""
    if out is not None:
        from reconciler.cli.output import save
        from reconciler.render.json_document import plan_document, to_json

        save(out, to_json(plan_document(plan)))


def _plan_code(plan: Plan, *, detailed: bool) -> int:
    if plan.blocked:
        return REFUSED
    return CHANGES_PENDING if detailed and plan.pending else DONE


def print_plan(plan: Plan, output: Output, page: Page | None = None, *, drift: bool = False) -> None:
    """Prints the plan."""
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_plan

    emit(rendered_plan(plan, output.format, page, drift=drift), output)
