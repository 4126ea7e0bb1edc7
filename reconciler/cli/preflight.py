"""The command preflight: whether the declared Logic Apps will accept the calls of Graph."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.export import note_other_environments
from reconciler.cli.findings import INVALID_FILES, tell_findings
from reconciler.cli.options import (
    FORMATS,
    arm_url_option,
    output_options,
    paths_argument,
    target_arguments,
    target_options,
)
from reconciler.cli.plans import DONE, REFUSED, declared_state, valid
from reconciler.settings import DEFAULT_PATH

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.model.preflight import Preflight
    from reconciler.settings import Settings


@click.command("preflight")
@paths_argument
@click.option(
    "--fix", is_flag=True, help="Write the right url into the files where it is missing or wrong."
)
@arm_url_option
@output_options(formats=(*FORMATS, "sarif"))
@target_options
def preflight_command(
    *, paths: tuple[Path, ...], fix: bool, settings: Settings, output: Output
) -> int:
    """Checks the Logic Apps that the files declare, through Azure Resource Manager. Changes nothing
    in Azure or Graph.

    PATH is a file or folder of YAML, by default desired_state.
    """
    if fix:
        return _fix(paths, settings, output)
    from reconciler.app.preflight import preflight
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress, tell

    declared = declared_state(paths, settings, output)
    if declared is None:
        return INVALID_FILES
    tell_findings(declared.diagnostics, output)
    with progress(output) as bars:
        checked = run_async(preflight(settings, os.environ, declared, bars))
    _print(checked, output)
    if checked.to_fix and output.verbosity >= 0:
        tell(_next_step(checked.to_fix, paths))
    return REFUSED if checked.faulty else DONE


def _next_step(number: int, paths: tuple[Path, ...]) -> str:
    """How to fix what the findings do not name: an extension without `url` is not an error of its
    Logic App.
    """
    from reconciler.render.nouns import counted

    arguments = [*target_arguments("arm_url", "catalogs"), *map(str, paths)]
    return (
        f"Note: `url` is missing or wrong in {counted(number, 'extension')}; Graph can reject these"
        " if an application writes them. To write `url` into the files:"
        f" {shlex.join(['reconciler', 'preflight', '--fix', *arguments])}"
    )


def _fix(paths: tuple[Path, ...], settings: Settings, output: Output) -> int:
    """Edits the files, unless they have errors, then prints what is left to do."""
    from reconciler.app.export import files_to_update
    from reconciler.app.export import replace as replace_files
    from reconciler.app.preflight_fix import preflight_fix
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress, tell
    from reconciler.render.export import edit_lines
    from reconciler.render.nouns import counted

    files = files_to_update(settings, paths or (DEFAULT_PATH,))
    declared = valid(files.loaded, output)
    if declared is None:
        return INVALID_FILES
    tell_findings(declared.diagnostics, output)
    with progress(output) as bars:
        checked, updated = run_async(preflight_fix(settings, os.environ, files, bars))
    replace_files(files, updated)
    files_edited = len(updated.texts)
    for line in edit_lines(updated):
        tell(line)
    if output.verbosity >= 0:
        wrote = f"Wrote {counted(len(updated.edits), 'url')} into {counted(files_edited, 'file')}."
        tell(wrote if updated.edits else "No file was changed.")
    tell_findings(updated.diagnostics, output)
    note_other_environments(settings, updated, output)
    _print(checked, output)
    return REFUSED if checked.faulty else DONE


def _print(checked: Preflight, output: Output) -> None:
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_preflight

    emit(rendered_preflight(checked, output.format, tool_version=__version__), output, wrap=True)
