"""What a probe writes down: the switches that it decides, and what else it observes."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.errors import UndecidedError
from reconciler.live_check.exchange import Result
from reconciler.model.live_facts import Fact, Observation, Seen

MAX_EVIDENCE = 6
"""The last exchanges that are kept for a fact."""


@dataclass(slots=True)
class Notes:
    """The facts and observations of one probe."""

    facts: dict[str, Fact] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)

    def decide(self, switch: str, value: object, *results: Result, times: int = 1) -> None:
        """The tenant behaves as this value of the switch says."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        self.facts[switch] = Fact(switch, text, None, times, _evidence(results))

    def leave_open(self, switch: str, reason: str, *results: Result) -> None:
        """The switch stays unknown, for this reason."""
        self.facts[switch] = Fact(switch, None, reason, 1, _evidence(results))

    def leave_unanswered(self, switch: str, result: Result) -> None:
        """The switch stays unknown, since this answer can mean anything."""
        self.leave_open(switch, f"the answer decides nothing: {result}", result)

    def observe(self, what: str, result: object, *results: Result) -> None:
        """Something that no switch is about."""
        evidence = results or ((result,) if isinstance(result, Result) else ())
        self.observations.append(Observation(what, str(result), _evidence(evidence)))


def undecided(reason: str, *results: Result) -> UndecidedError:
    """The error that ends a probe: the reason, and the last of the results if there is one."""
    last = f": {results[-1]}" if results else ""
    return UndecidedError(f"{reason}{last}")


def _evidence(results: tuple[Result, ...]) -> tuple[Seen, ...]:
    return tuple(result.seen for result in results[-MAX_EVIDENCE:])
