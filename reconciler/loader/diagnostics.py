"""Diagnostics of all files: their order, and how many of a file are reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from reconciler.loader.scopes import in_order
from reconciler.model.diagnostic import Diagnostic

FAULTS = 1_000
"""The maximum per file: a small file can have a fault in each of its values."""


def errors_of(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics that are errors."""
    return tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity == "error")


def by_place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    """The sort key of diagnostics: file, line, column, code."""
    return (*in_order(diagnostic.place), diagnostic.code)


def reported(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """Each diagnostic once, sorted by place, and at most `FAULTS` per file."""
    in_files = sorted(dict.fromkeys(diagnostics), key=by_place)
    for _, of_file in groupby(in_files, key=lambda diagnostic: by_place(diagnostic)[0]):
        yield from _limited(list(of_file))


def _limited(diagnostics: Sequence[Diagnostic]) -> Sequence[Diagnostic]:
    """The diagnostics of one file; of too many the errors before the warnings, and R009."""
    if len(diagnostics) <= FAULTS:
        return diagnostics
    warnings = [diagnostic for diagnostic in diagnostics if diagnostic.severity != "error"]
    errors_first = [*errors_of(diagnostics), *warnings]
    kept, first_omitted = errors_first[:FAULTS], errors_first[FAULTS]
    message = f"The file has more than {FAULTS:,} findings; the others are omitted."
    hint = "Fix the errors above first."
    limit = replace(first_omitted, code="R009", message=message, hint=hint)
    return [*sorted(kept, key=by_place), limit]
