"""What the use cases are given and what they give back, beside plans: who is told, who approves, how a run ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import AuthenticationError, ReconcilerError, StalePlanError
from reconciler.model.identity import Assertion, Identity
from reconciler.model.plan import Outcome, Plan


class Progress(Protocol):
    """Who is told while something long goes on."""

    def advance(self, what: str, done: int, total: int) -> None:
        """So many of so many are done."""

    def remark(self, text: str) -> None:
        """Why it takes so long; empty when that has passed."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `refusal` says why nothing was attempted; `interrupted` that a signal cut it short.

    `error` is what made it give up: a refused token, or a journal that cannot be written.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    refusal: ReconcilerError | None = None
    interrupted: bool = False
    error: ReconcilerError | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whom the token speaks for and the assertion that was shown for it; `error` when it was refused, and no token."""

    identity: Identity | None
    assertion: Assertion | None
    error: AuthenticationError | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What makes a fresh plan an approved one: the digest of a reviewed plan, or somebody who is asked.

    `show` presents every fresh plan before anything else; `ask` gives the reason of a no, None for a yes.
    """

    show: Callable[[Plan], None]
    ask: Callable[[Plan], ReconcilerError | None]
    expected_digest: str | None = None

    def refusal(self, plan: Plan) -> ReconcilerError | None:
        """Why the plan may not be carried out; None when it may. A plan with nothing to write needs no approval."""
        self.show(plan)
        if self.expected_digest is None:
            return self.ask(plan) if plan.pending else None
        if plan.changes and plan.digest != self.expected_digest:
            return StalePlanError(
                f"The fresh plan's digest is {plan.digest}, not the reviewed one; nothing was written.",
                hint="Review the fresh plan, then apply with its digest.",
            )
        return None
