"""Findings as every format for people shows them: their order, heading, counts and verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Plan
from reconciler.render.nouns import counted, singular

ON_TOP = ("R316", "R314")
"""The codes of findings about a plan as a whole, in the order to show them."""


def findings_on_top(plan: Plan) -> list[Diagnostic]:
    """The findings about the plan as a whole, which a reader must see before the changes; no more
    than one of each code.

    A plan of ours has no second one, and a saved one that anybody may have written must not fill
    the page with them.
    """
    first: dict[str, Diagnostic] = {}
    for finding in plan.diagnostics:
        first.setdefault(finding.code, finding)
    return [first[code] for code in ON_TOP if code in first]


def findings_below(plan: Plan) -> list[Diagnostic]:
    """The findings about single scopes, objects and changes."""
    on_top = findings_on_top(plan)
    return [finding for finding in plan.diagnostics if finding not in on_top]


def findings_title(diagnostics: Sequence[Diagnostic]) -> str:
    """The heading over a plan's findings."""
    return "Findings" if has_errors(diagnostics) else "Warnings"


def has_errors(diagnostics: Sequence[Diagnostic]) -> bool:
    """True when a finding is more than a warning."""
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)


def findings_line(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """`Found 3 errors and 1 warning in 2 files.`; the files are those that were checked."""
    severities = Counter(diagnostic.severity for diagnostic in diagnostics)
    counts = [
        counted(severities[severity], severity)
        for severity in ("error", "warning")
        if severities[severity]
    ]
    where = f" in {counted(files, 'file')}" if files else ""
    return f"Found {' and '.join(counts)}{where}."


def verdict(
    diagnostics: Sequence[Diagnostic], *, files: int, environments: int = 0, **declared: int
) -> list[str]:
    """The last lines of `validate`: how many findings there are, and `Valid: …` when none of them
    is an error.

    `declared` counts the declarations by the plural of their kind (`extensions=4`).
    """
    lines = [findings_line(diagnostics, files)] if diagnostics else []
    if has_errors(diagnostics):
        return lines
    shown = {kind: number for kind, number in declared.items() if number} or declared
    counts = [counted(files, "file")]
    counts += [counted(number, singular(kind)) for kind, number in shown.items()]
    everywhere = f", in {counted(environments, 'environment')}" if environments else ""
    return [*lines, f"Valid: {', '.join(counts)}{everywhere}."]
