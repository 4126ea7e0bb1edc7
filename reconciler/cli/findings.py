"""Faults of files, printed in the format that was asked for; every command that ends with exit 3 comes here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler import __version__

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.errors import InvalidFilesError
    from reconciler.model.diagnostic import Diagnostic

INVALID_FILES = 3


def print_findings(
    diagnostics: Sequence[Diagnostic], output: Output, *, files: int = 0, extensions: int = 0, environments: int = 0
) -> None:
    """Prints what is wrong with files, or that nothing is."""
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_findings

    looked_at = {"files": files, "extensions": extensions, "environments": environments}
    emit(rendered_findings(diagnostics, output.format, looked_at, tool_version=__version__), output)


def report_invalid(error: InvalidFilesError, output: Output) -> int:
    """Prints what is wrong with a saved plan, in every format; the exit code."""
    from reconciler.model.diagnostic import Diagnostic

    print_findings([Diagnostic("R305", "error", str(error), error.hint or "")], output)
    return INVALID_FILES
