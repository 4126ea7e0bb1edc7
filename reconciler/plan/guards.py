"""Asks the guards of every kind about each planned change: warnings, and reasons that block it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.diff.changes import Diff
from reconciler.diff.references import Key, parents_key
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Kinds, Surroundings
from reconciler.model.objects import Observed, ObservedScope
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.plan.dependencies import blocked

Place = tuple[str, Key]
"""A kind and the parents that objects of this kind are in."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """The changes, some of them blocked now, and the warnings of the guards."""

    changes: tuple[Change, ...]
    diagnostics: tuple[Diagnostic, ...]


def guarded(
    difference: Diff, observed: Sequence[ObservedScope], kinds: Kinds, *, app_only: bool
) -> Guarded:
    """The changes after the guards of their kinds; blocked ones are not asked about."""
    objects = chain.from_iterable(scope.objects for scope in observed)
    live = {(each.ref.kind, each.id): each for each in objects}
    unmanaged: defaultdict[Place, list[Observed]] = defaultdict(list)
    for each in difference.unmanaged:
        observed_object = live[each.object.kind, str(each.object.id)]
        unmanaged[each.object.kind, parents_key(each.parents)].append(observed_object)
    created: defaultdict[Place, list[Change]] = defaultdict(list)
    for change in difference.changes:
        if change.action == "create":
            created[change.kind, parents_key(change.parents)].append(change)
    changes: list[Change] = []
    diagnostics: list[Diagnostic] = []
    for change in difference.changes:
        before = live.get((change.kind, change.object.id or ""))
        place = change.kind, parents_key(change.parents)
        around = Surroundings(before, unmanaged[place], created[place], app_only)
        blocks, warnings = _asked(change, around, kinds)
        changes.append(blocked(change, blocks[0]) if blocks else change)
        diagnostics += warnings
    return Guarded(tuple(changes), tuple(diagnostics))


def _asked(
    change: Change, around: Surroundings, kinds: Kinds
) -> tuple[list[Reason], list[Diagnostic]]:
    if change.action == "blocked":
        return [], []
    answers = list(kinds.named(change.kind).guard(change, around))
    blocks = [answer for answer in answers if isinstance(answer, Reason)]
    return blocks, [answer for answer in answers if isinstance(answer, Diagnostic)]
