"""Findings about files, printed in the chosen format; every command that ends with exit 3 prints
them here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
    *,
    files: int = 0,
    extensions: int = 0,
    environments: int = 0,
    is_result: bool = False,
) -> None:
    """Prints the findings on stdout; for `validate` they are the result.

    Any other command stops because of them. Where stdout is not the terminal, a line on stderr says
    so: otherwise `reconciler plan > plan.txt` would stop without showing anything.
    """
    from reconciler.cli.output import emit, tell
    from reconciler.render.formats import rendered_findings
    from reconciler.render.nouns import counted

    checked = {"files": files, "extensions": extensions, "environments": environments}
    emit(rendered_findings(diagnostics, output.format, checked, tool_version=__version__), output)
    if not is_result and not is_terminal(sys.stdout):
        errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
        tell(
            f"Error: Stopped because of {counted(errors, 'error')} in the input files, listed on"
            " stdout."
        )


def report_invalid(error: InvalidFilesError, output: Output) -> int:
    """Prints why a saved plan is invalid, in every format; the exit code."""
    from reconciler.model.diagnostic import Diagnostic

    print_findings([Diagnostic("R305", "error", str(error), error.hint or "")], output)
    return INVALID_FILES
