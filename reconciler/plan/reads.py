"""What is read for a plan once it is known what it changes; the plan is made again with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Kinds
from reconciler.model.plan import Change, Plan
from reconciler.model.reason import Reason
from reconciler.plan.dependencies import blocked
from reconciler.plan.uses import Uses
from reconciler.render.nouns import noun

SKIPPED = "R310"
"""The code of the warning that an object is changed without a second look."""


@dataclass(frozen=True, slots=True)
class Reads:
    """`uses`: what refers to the objects that the plan removes. `problems`: why objects must not be
    changed, which only a second look at them has shown, by their keys.
    """

    uses: Uses = field(default_factory=lambda: Uses({}))
    problems: Mapping[tuple[str, str], Reason] = field(default_factory=dict)


def to_look_at(changes: Iterable[Change], kinds: Kinds) -> list[Change]:
    """The changes whose objects need a second look before they are written."""
    return [
        change
        for change in changes
        if change.action != "blocked" and kinds.named(change.kind).second_look is not None
    ]


def skipped_looks(changes: Iterable[Change], kinds: Kinds) -> Iterator[Diagnostic]:
    """R310 for each object that is changed without a second look."""
    for change in to_look_at(changes, kinds):
        yield Diagnostic(
            SKIPPED,
            "warning",
            f'The {noun(change.kind)} "{change.object}" was not read through the beta version of'
            " Graph. Settings that v1.0 does not show may be reset.",
            "Plan without --no-beta-check to find out whether it has such settings.",
            change.source,
        )


def looks_were_skipped(plan: Plan) -> bool:
    """True if the plan says that objects are changed without a second look."""
    return any(diagnostic.code == SKIPPED for diagnostic in plan.diagnostics)


def blocked_by_problems(changes: Iterable[Change], reads: Reads) -> Iterator[Change]:
    """The changes; those that a second look forbids are blocked."""
    for change in changes:
        why = reads.problems.get(change.object.key)
        yield change if why is None or change.action == "blocked" else blocked(change, why)
