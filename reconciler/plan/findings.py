"""Warnings of a plan about single objects and scopes, each with its place and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.diff.changes import Pair
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.objects import Observed, ObservedScope
from reconciler.model.plan import Change
from reconciler.model.reason import Reason
from reconciler.render.reasons import parent_sentence


def findings(changes: Sequence[Change], merged: Iterable[Pair]) -> Iterator[Diagnostic]:
    """R302 to R304, in the order of the scopes."""
    written = {
        (change.kind, change.object.id): change
        for change in changes
        if change.action in ("update", "rename", "replace")
    }
    merged = list(merged)
    declared = {each.ref.key for scope, desired in merged if not scope.parent for each in desired}
    for scope, desired in merged:
        declares_itself = scope.parent is not None and scope.parent.key in declared
        if scope.reason is not None and not desired and not declares_itself:
            yield _nothing_declared(scope, scope.reason)
        for live in scope.objects:
            if not live.known:
                yield _of_unknown_type(live)
            change = written.get((live.ref.kind, live.id))
            if live.unknown and change:
                yield _with_unknown_properties(live, change)


def _nothing_declared(scope: ObservedScope, why: Reason) -> Diagnostic:
    because = parent_sentence(why, str(scope.parent.kind) if scope.parent else "")
    end = "" if because.endswith(("?", ".")) else "."
    kind = scope.parent.kind if scope.parent else ""
    return Diagnostic(
        "R303",
        "warning",
        f"{kind.capitalize()} {scope.parent} is {scope.read}: {because}{end}",
        "No file declares an object in it. Correct or remove its declaration.",
    )


def _of_unknown_type(live: Observed) -> Diagnostic:
    where = f" in {live.parents[0].kind} {live.parents[0]}" if live.parents else ""
    return Diagnostic(
        "R302",
        "warning",
        f'"{live.ref.display_name or ""}" ({live.id}){where} is of the unknown type'
        f' "{live.ref.type}".',
        "Nothing to do: it is listed as unmanaged and never changed.",
    )


def _with_unknown_properties(live: Observed, change: Change) -> Diagnostic:
    if change.removes:
        lost = "The new one is created without them."
        hint = "Note their values before the apply: they are lost with the old one."
    else:
        lost = "An update does not send them."
        hint = "Check them after the apply, which reports the update as failed if they are gone."
    return Diagnostic(
        "R304",
        "warning",
        f'"{change.object.display_name}" ({live.id}) has undocumented properties:'
        f" {', '.join(live.unknown)}. {lost}",
        hint,
        change.source,
    )
