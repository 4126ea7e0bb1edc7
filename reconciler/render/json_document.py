"""The documents of `--format json`: the plan's, beside outcomes or findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.plan import Outcome, Plan
from reconciler.model.plan_document import diagnostic_document, outcomes_document, plan_document
from reconciler.render.escape import json_value
from reconciler.render.findings import has_errors

Document = dict[str, Any]


def to_json(document: Document) -> str:
    """The document as JSON text, two spaces a level; no secret, and nothing invisible or hostile
    unescaped.
    """
    return json_value(document, indent=2) + "\n"


def apply_document(plan: Plan, outcomes: Sequence[Outcome]) -> Document:
    """The plan document, and what came of each change."""
    return plan_document(plan) | {"outcomes": outcomes_document(outcomes)}


def diagnostics_document(diagnostics: Sequence[Diagnostic]) -> Document:
    """The findings; `complete` is true when no error is among them."""
    return {
        "complete": not has_errors(diagnostics),
        "diagnostics": [diagnostic_document(diagnostic) for diagnostic in diagnostics],
    }
