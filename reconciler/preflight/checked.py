"""One Logic App with those who call it and what was read of it: what each finding is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from reconciler.model.diagnostic import Diagnostic, Severity
from reconciler.model.fault import quoted
from reconciler.model.json_values import JsonValue
from reconciler.model.logic_app import Caller, LogicApp, Observation
from reconciler.model.wording import enumerated
from reconciler.preflight.claims import Claims

_SHOWN_CALLERS = 3
_SHOWN_NAMES = 10
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Checked:
    """One Logic App that was read: the declared extensions that call it, at least one, and the
    claims that its policy must have.
    """

    logic_app: LogicApp
    callers: tuple[Caller, ...]
    observation: Observation
    claims: Claims

    def finding(
        self,
        code: str,
        message: str,
        hint: str,
        *,
        severity: Severity = "error",
        caller: Caller | None = None,
        **parameters: JsonValue,
    ) -> Diagnostic:
        """A finding at the place of one caller, or of the first one for all of them."""
        callers = [caller] if caller else self.callers
        names: list[JsonValue] = [each.name for each in callers]
        return Diagnostic(
            code,
            severity,
            message,
            hint,
            callers[0].source,
            {"logic_app": self.logic_app.path, "extensions": names, **parameters},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the extensions that call it."""
        return tuple(caller.name for caller in self.callers)

    @property
    def title(self) -> str:
        """`Logic App "la-hr"`, for a finding about one of its callers."""
        return f"Logic App {quoted(self.logic_app.name)}"

    @property
    def what(self) -> str:
        """`Logic App "la-hr" (called by "notify-hr" and 2 more)`."""
        return f"{self.title} (called by {enumerated(first_quoted(self.names, _SHOWN_CALLERS))})"


def first_quoted(names: Sequence[str], maximum: int = _SHOWN_NAMES) -> list[str]:
    """The first names in quotes, and the number of those that are omitted."""
    more = len(names) - maximum
    shown = [quoted(name) for name in names[:maximum]]
    return [*shown, f"{more} more"] if more > 0 else shown


def bounded(text: str) -> str:
    """The text as data of bounded length: Azure may answer anything."""
    return text[:_SHOWN_CHARACTERS]


def bounded_names(names: Iterable[str]) -> list[JsonValue]:
    """The first names as data of bounded length."""
    return [bounded(name) for name in islice(names, _SHOWN_NAMES)]
