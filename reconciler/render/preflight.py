"""Which Logic Apps were checked, and how many have findings: the conclusion, and JSON."""

from __future__ import annotations

from reconciler.model.plan_document import diagnostic_document
from reconciler.model.preflight import Preflight
from reconciler.render.findings import findings_line
from reconciler.render.json_document import Document
from reconciler.render.nouns import counted

FORMAT_VERSION = "1"


def conclusion(preflight: Preflight) -> list[str]:
    """How many findings there are, and the stable last line: `Preflight: 3 Logic Apps, 1 with
    errors, 1 with warnings, 1 without findings.`
    """
    findings = preflight.diagnostics
    errors = preflight.with_findings("error")
    warnings = preflight.with_findings("warning") - errors
    counts = [
        counted(len(preflight.logic_apps), "Logic App"),
        f"{len(errors)} with errors",
        f"{len(warnings)} with warnings",
        f"{len(preflight.logic_apps) - len(errors | warnings)} without findings",
    ]
    if preflight.not_checked:
        counts.append(f"{counted(preflight.not_checked, 'extension')} not checked")
    last = f"Preflight: {', '.join(counts)}."
    return [findings_line(findings, 0), last] if findings else [last]


def preflight_document(preflight: Preflight) -> Document:
    """The Logic Apps with the extensions that call them, and the findings."""
    return {
        "format_version": FORMAT_VERSION,
        "logic_apps": [
            {"id": logic_app.path, "extensions": list(names)}
            for logic_app, names in preflight.logic_apps.items()
        ],
        "complete": not preflight.faulty,
        "diagnostics": [
            {**diagnostic_document(finding), "parameters": dict(finding.parameters)}
            for finding in preflight.diagnostics
        ],
    }
