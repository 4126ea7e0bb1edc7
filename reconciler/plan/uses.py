"""Which live objects refer to what a plan removes: shown, and a reason to block the change."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.diff.references import Key, parents_key
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.json_values import JsonValue
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents, Path, Referring, Value
from reconciler.model.plan import Change, Use
from reconciler.model.plan_document import use_document
from reconciler.model.reason import reason
from reconciler.plan.dependencies import blocked
from reconciler.plan.unmanaged import UNMANAGED
from reconciler.render.nouns import noun, plural

Place: TypeAlias = tuple[str, Key]
"""A kind of objects, and the scope that they are in."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What can refer to the removed objects, by their kind and scope; empty before it was read."""

    referring: Mapping[Place, Referring]

    def of(self, change: Change) -> Referring | None:
        """What can refer to the object of the change; None if it was not read."""
        return self.referring.get(place_of(change))


def place_of(change: Change) -> Place:
    """What has to be read for the change: its kind, and its scope."""
    return change.kind, parents_key(change.parents[:1])


def removing(changes: Iterable[Change]) -> dict[Place, tuple[str, Parents]]:
    """The kinds and scopes of all objects that the changes remove."""
    return {
        place_of(change): (change.kind, change.parents[:1]) for change in changes if change.removes
    }


def with_uses(changes: Sequence[Change], uses: Uses) -> tuple[list[Change], list[Diagnostic]]:
    """The changes with what refers to the objects that they remove; those that stay in use after
    all other changes are blocked. The warnings say where that could not be read completely.
    """
    ended = {
        (change.object.key, row.path)
        for change in changes
        for row in change.fields
        if isinstance(row.before, ObjectRef)
    }
    shown = [_with_uses(change, uses, ended) for change in changes]
    return shown, list(_incomplete(shown, uses))


def _with_uses(change: Change, uses: Uses, ended: Container[tuple[Key, Path]]) -> Change:
    """The change; `ended` are the places at which other changes end a use, by object and path."""
    referring = uses.of(change) if change.removes else None
    if referring is None:
        return change
    used = used_by(referring.objects, change.object)
    remaining = [use for use in used if (use.object.key, use.path) not in ended]
    if remaining:
        places: list[JsonValue] = [use_document(use, change) for use in remaining]
        return blocked(change, reason("in_use", count=len(remaining), used_by=places))
    if referring.incomplete is None:
        return replace(change, used_by=used)
    if change.action == "replace" or change.reason.code == UNMANAGED:
        return blocked(change, reason("use_unknown", error=referring.incomplete))
    return change


def _incomplete(changes: Sequence[Change], uses: Uses) -> Iterator[Diagnostic]:
    """R315 for each scope with deletes of objects that may be in use."""
    first: dict[Place, Change] = {}
    for change in changes:
        referring = uses.of(change)
        if change.action == "delete" and referring is not None and referring.incomplete:
            first.setdefault(place_of(change), change)
    for place, change in first.items():
        kinds = plural(noun(change.kind))
        where = f" in {noun(change.scope.kind)} {change.scope}" if change.parents else ""
        why = uses.referring[place].incomplete
        yield Diagnostic(
            "R315",
            "warning",
            f"What uses the {kinds} to be deleted{where} could not be read completely: {why}",
            "Graph refuses to delete what is in use; such a change then fails.",
            change.source,
        )


def used_by(referring: Iterable[Observed], ref: ObjectRef) -> tuple[Use, ...]:
    """Every place in these live objects that refers to this one, which has an id; sorted.

    No use is believed only if the objects were read completely.
    """
    uses = [
        Use(observed.ref, observed.parents, path)
        for observed in referring
        for path, value in observed.properties.items()
        if _names(value, ref)
    ]
    return tuple(sorted(uses, key=_order))


def _names(value: Value, ref: ObjectRef) -> bool:
    """True if the value refers to the object, or, having no id, to any of its name."""
    if not isinstance(value, ObjectRef) or value.kind != ref.kind:
        return False
    if value.id is None:
        return folded(value.display_name) == folded(ref.display_name)
    return value.id.casefold() == (ref.id or "").casefold()


def _order(use: Use) -> tuple[object, ...]:
    """By the names of the parents and of the object, then by ids, then by path."""
    refs = (*use.parents, use.object)
    return [str(ref) for ref in refs], [ref.id or "" for ref in refs], use.path
