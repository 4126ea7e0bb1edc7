"""What the use cases receive and return besides plans: progress, approval, the result of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import AuthenticationError, ReconcilerError, StalePlanError
from reconciler.model.identity import Assertion, Identity
from reconciler.model.plan import Outcome, Plan
from reconciler.plan.limit import beyond_limit


class Progress(Protocol):
    """Receives the progress of a long operation."""

    def advance(self, what: str, done: int, total: int) -> None:
        """`done` of `total` are done."""

    def remark(self, text: str) -> None:
        """Why the operation is waiting; empty when it no longer is."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of an apply. `refusal` says why nothing was attempted; `interrupted` that a signal
    ended it early.

    `error` is what stopped it: a rejected token, or a journal that cannot be written.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    refusal: ReconcilerError | None = None
    interrupted: bool = False
    error: ReconcilerError | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The identity in the token and the assertion that was sent for it; `error` if the token was
    not accepted.
    """

    identity: Identity | None
    assertion: Assertion | None
    error: AuthenticationError | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """How a new plan is approved: by the digest of a reviewed plan, or by asking.

    `show` presents every new plan first; `ask` returns why the plan is not approved, None if it is.
    A plan that deletes more than `max_deletes` objects is not even asked about. Without
    `second_looks`, what only they would show is accepted.
    """

    show: Callable[[Plan], None]
    ask: Callable[[Plan], ReconcilerError | None]
    max_deletes: int
    expected_digest: str | None = None
    second_looks: bool = True

    def refusal(self, plan: Plan) -> ReconcilerError | None:
        """Why the plan must not be applied; None if it is approved. A plan with nothing to write
        needs no approval.
        """
        from reconciler.apply.settle import unsettled_refusal

        self.show(plan)
        excess = beyond_limit(plan, self.max_deletes)
        if excess is not None:
            return excess
        if self.expected_digest is None:
            return self.ask(plan) if plan.pending else None
        if plan.changes and plan.digest != self.expected_digest:
            return unsettled_refusal(plan.blocked) or StalePlanError(
                f"The digest of the new plan, {plan.digest}, does not match --expect-digest."
                " Nothing was written.",
                hint="Review the new plan, then apply with its digest.",
            )
        return None
