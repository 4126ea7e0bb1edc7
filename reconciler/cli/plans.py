"""The commands that look: validate, plan, drift, show; and what they share with apply."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.options import DEFAULT_PATH, output_options, paths_argument, target_options
from reconciler.errors import InvalidFilesError

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.loader import LoadedState
    from reconciler.model.plan import Plan
    from reconciler.settings import Settings

DONE, CHANGES_PENDING, INVALID_FILES, REFUSED = 0, 2, 3, 4

detailed_exitcode = click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending.")


@click.command("validate")
@paths_argument
@output_options("sarif")
def validate_command(paths: tuple[Path, ...], output: Output) -> int:
    """Checks files offline: YAML, schema, meaning. Needs no credentials."""
    from reconciler import app

    loaded = app.validate(paths or (DEFAULT_PATH,))
    print_findings(loaded, output)
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
    print_plan(plan, output)
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
    print_plan(plan, output, drift=True)
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
        return report_invalid(error, output)
    print_plan(plan, output)
    return DONE


def _plan(paths: tuple[Path, ...], settings: Settings, output: Output) -> Plan | None:
    """The plan for the files; None after printing their faults."""
    from reconciler import app
    from reconciler.cli.output import progress

    loaded = app.validate(paths or (DEFAULT_PATH,))
    if loaded.faulty:
        print_findings(loaded, output)
        return None
    with progress(output) as bars:
        return app.plan(settings, os.environ, loaded.catalogs, bars)


def _plan_code(plan: Plan, *, detailed: bool) -> int:
    if plan.blocked:
        return REFUSED
    return CHANGES_PENDING if detailed and plan.pending else DONE


def print_findings(loaded: LoadedState, output: Output) -> None:
    """Prints what is wrong with the files."""
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_findings

    counts = {"files": loaded.files, "extensions": loaded.extensions}
    emit(rendered_findings(loaded.diagnostics, output.format, **counts, tool_version=__version__), output)


def report_invalid(error: InvalidFilesError, output: Output) -> int:
    """Prints what is wrong with a saved plan, in every format; the exit code."""
    from reconciler.cli.output import emit
    from reconciler.model.diagnostic import Diagnostic
    from reconciler.render.formats import rendered_findings

    finding = Diagnostic("R305", "error", str(error), error.hint or "")
    counts = {"files": 0, "extensions": 0}
    emit(rendered_findings([finding], output.format, **counts, tool_version=__version__), output)
    return INVALID_FILES


def print_plan(plan: Plan, output: Output, *, drift: bool = False) -> None:
    """Prints the plan."""
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_plan

    emit(rendered_plan(plan, output.format, drift=drift), output)
