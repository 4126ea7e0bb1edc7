"""Findings about files, printed in the chosen format; every command that ends with exit 3 prints
them here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.cli.streams import is_terminal

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.errors import InvalidFilesError
    from reconciler.model.diagnostic import Diagnostic

INVALID_FILES = 3


def print_findings(
    diagnostics: Sequence[Diagnostic],
    output: Output,
    checked: Mapping[str, int] | None = None,
    *,
    is_result: bool = False,
) -> None:
    """Prints the findings on stdout; for `validate` they are the result. `checked` counts the
    files, what they declare, and the environments.

    Any other command stops because of them. Where stdout is not the terminal, a line on stderr says
    so: otherwise `reconciler plan > plan.txt` would stop without showing anything.
    """
    from reconciler.cli.output import emit, tell
    from reconciler.render.findings import verdict
    from reconciler.render.formats import rendered_findings
    from reconciler.render.nouns import counted

    conclusion = verdict(diagnostics, **(checked or {"files": 0}))
    shown = rendered_findings(diagnostics, output.format, conclusion, tool_version=__version__)
    emit(shown, output)
    if not is_result and not is_terminal(sys.stdout):
        errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
        tell(
            f"Error: Stopped because of {counted(errors, 'error')} in the input files, listed on"
            " stdout."
        )


def tell_findings(diagnostics: Iterable[Diagnostic], output: Output) -> None:
    """Prints the findings on stderr, where stdout has another result; none with -q."""
    from reconciler.cli.output import tell
    from reconciler.render.text import findings_lines

    if output.verbosity >= 0:
        for line in findings_lines(diagnostics):
            tell(line)


def report_invalid(error: InvalidFilesError, output: Output) -> int:
    """Prints why a saved plan is invalid, in every format; the exit code."""
    from reconciler.model.diagnostic import Diagnostic

    print_findings([Diagnostic("R305", "error", str(error), error.hint or "")], output)
    return INVALID_FILES
