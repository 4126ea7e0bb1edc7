"""The command usage: what calls the extensions of the declared catalogs, and what they call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.findings import INVALID_FILES, tell_findings
from reconciler.cli.options import output_options, paths_argument, target_options
from reconciler.cli.plans import DONE, REFUSED, declared_state

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.model.usage import Usage
    from reconciler.settings import Settings


@click.command("usage")
@paths_argument
@output_options(formats=("text", "markdown", "json", "mermaid"))
@target_options
def usage_command(paths: tuple[Path, ...], settings: Settings, output: Output) -> int:
    """Shows which policies call the live extensions, and which Logic Apps these call. Changes
    nothing.

    PATH is a file or folder of YAML, by default desired_state; it chooses the catalogs.
    """
    from reconciler.app.usage import usage
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress

    declared = declared_state(paths, settings, output)
    if declared is None:
        return INVALID_FILES
    tell_findings(declared.diagnostics, output)
    with progress(output) as bars:
        used = run_async(usage(settings, os.environ, declared, bars))
    _print(used, output)
    return DONE if used.complete else REFUSED


def _print(used: Usage, output: Output) -> None:
    """Prints the result; a picture has no room for the reasons, so they go to stderr."""
    from reconciler.app.kinds import sentences
    from reconciler.cli.output import emit, tell
    from reconciler.render.formats import rendered_usage
    from reconciler.render.usage import incomplete_lines

    emit(rendered_usage(used, output.format, sentences()), output, wrap=True)
    if output.format == "mermaid":
        for line in incomplete_lines(used, sentences()):
            tell(line)
