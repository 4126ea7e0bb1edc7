"""The result of checking the Logic Apps that files declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.logic_app import LogicApp


@dataclass(frozen=True, slots=True)
class Preflight:
    """The Logic Apps that were checked, each with the names of the extensions that call it, and the
    findings, in the order of their places.

    `not_checked` counts the extensions that do not say which one they call, `to_fix` those whose
    `url` is missing or wrong, and known.
    """

    logic_apps: Mapping[LogicApp, tuple[str, ...]] = field(default_factory=dict, hash=False)
    not_checked: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    to_fix: int = 0

    @property
    def faulty(self) -> bool:
        """True if a finding is an error."""
        return any(finding.severity == "error" for finding in self.diagnostics)

    def with_findings(self, severity: Severity) -> set[str]:
        """The resource ids of the Logic Apps with a finding of this severity."""
        return {
            str(finding.parameters["logic_app"])
            for finding in self.diagnostics
            if finding.severity == severity and "logic_app" in finding.parameters
        }
