"""The changes of a plan by scope: by the outermost object that contains them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Read
from reconciler.model.plan import ACTIONS, Change, Plan
from reconciler.render import drift as drift_words
from reconciler.render.nouns import capitalized, common_noun, noun, plural
from reconciler.render.titles import scope_title
from reconciler.render.wording import PLAIN, Wording

READ_FAULTS: dict[Read, str] = {
    "unreadable": "could not be read completely, so every change in it is blocked",
    "absent": "does not exist",
}
NO_CHANGES = "No changes. What is live matches what is declared."


@dataclass(frozen=True, slots=True)
class ScopeView:
    """One scope with its changes, blocked ones first, otherwise in the plan's order.

    An object of the tenant is a scope of its own; the changes of what it contains are in it too.
    """

    scope: ObjectRef
    read: Read
    changes: tuple[Change, ...]

    @property
    def kind(self) -> str:
        """`Catalog`."""
        return capitalized(noun(self.scope.kind))

    def only(self, *, removed: bool) -> ScopeView:
        """The same scope with nothing but the changes that remove an object, or nothing but the
        others.
        """
        kept = tuple(change for change in self.changes if change.removes is removed)
        return replace(self, changes=kept)

    def heading(self, wording: Wording = PLAIN) -> str:
        """`Marketing (32efb28c-…): 2 create, 1 update`, and why it could not be read."""
        parts = [READ_FAULTS.get(self.read, ""), action_counts(self.changes, wording)]
        state = ", ".join(part for part in parts if part)
        return f"{scope_title(self.scope)}: {state}" if state else scope_title(self.scope)


def by_scope(plan: Plan) -> list[ScopeView]:
    """The scopes that a reader must know of: those with changes, and those that could not be
    read.
    """
    scopes: dict[tuple[str, str], ObjectRef] = {}
    reads: dict[tuple[str, str], Read] = {}
    changes: dict[tuple[str, str], list[Change]] = {}
    for planned in plan.scopes:
        key = _key(planned.parent)
        scopes.setdefault(key, planned.parent)
        reads.setdefault(key, planned.read)
    for change in (*plan.blocked, *plan.pending):
        key = _key(change.scope)
        scopes.setdefault(key, change.scope)
        changes.setdefault(key, []).append(change)
    views = [
        ScopeView(scope, reads.get(key, "complete"), tuple(changes.get(key, ())))
        for key, scope in scopes.items()
    ]
    return [view for view in views if view.changes or view.read in READ_FAULTS]


def incomplete(plan: Plan) -> str:
    """Which scopes the plan does not cover, and why, in one sentence; "" when it covers all."""
    faults = [
        f"{noun(planned.parent.kind)} {scope_title(planned.parent)} {READ_FAULTS[planned.read]}"
        for planned in plan.scopes
        if planned.read in READ_FAULTS
    ]
    return f"This plan is incomplete: {'; '.join(faults)}." if faults else ""


def no_changes(plan: Plan) -> str:
    """The line for a plan without changes; scopes that could not be read are not said to match."""
    if plan.complete:
        return NO_CHANGES
    scopes = plural(common_noun(planned.parent for planned in plan.scopes))
    return f"No changes in the {scopes} that could be read."


def action_counts(changes: Iterable[Change], wording: Wording = PLAIN) -> str:
    """`2 create, 1 update`, or for drift `2 missing, 1 changed`; "" without a change."""
    words = {action: drift_words.WORDS[action] if wording.drift else action for action in ACTIONS}
    counts = Counter(words[change.action] for change in changes)
    shown = [word for word in dict.fromkeys(words.values()) if counts[word]]
    return ", ".join(f"{counts[word]} {word}" for word in shown)


def _key(scope: ObjectRef) -> tuple[str, str]:
    """What makes two scopes the same: the id, else the name."""
    return scope.kind, scope.id or f"name:{folded(scope.display_name)}"
