"""Which object a reference names: a declared one first, else a live one that nobody declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.match import Match
from reconciler.model.json_values import JsonValue
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents, Properties, Value
from reconciler.model.reason import Reason, reason
from reconciler.model.wording import similar_names

Key = tuple[str, ...]


def parents_key(parents: Parents) -> Key:
    """What identifies these parents: an id before a name, so that namesakes are not mixed up."""
    return tuple(":".join(parent.key) for parent in parents)


@dataclass(frozen=True, slots=True)
class Known:
    """Objects of one kind in the same parents: matched declarations, and unclaimed live ones."""

    matches: Sequence[Match] = ()
    unclaimed: Sequence[Observed] = ()


@dataclass(slots=True)
class References:
    """The objects that a reference can name, by kind and parents; filled in the order of work."""

    known: dict[tuple[str, Key], Known] = field(default_factory=dict)

    def add(self, kind: str, parents: Parents, known: Known) -> None:
        """The objects of this kind in these parents."""
        self.known[kind, parents_key(parents)] = known

    def resolved(
        self, properties: Mapping[tuple[str, ...], Value], parents: Parents
    ) -> tuple[Properties, Reason | None]:
        """The properties with the id of every object that they name; and why one has none.

        An object that this plan creates has no id yet.
        """
        resolved: Properties = {}
        problem = None
        for path, value in properties.items():
            resolved[path] = value
            if isinstance(value, ObjectRef):
                resolved[path], unresolved = self.resolve(value, parents)
                problem = problem or unresolved
        return resolved, problem

    def _known(self, kind: str, parents: Parents) -> Known:
        keys = ((kind, parents_key(outer)) for outer in within(parents))
        return next((self.known[key] for key in keys if key in self.known), Known())

    def resolved_parents(self, parents: Parents) -> tuple[Parents, Reason | None]:
        """The parents with the ids of the inner ones, which a declaration may give by name."""
        resolved = list(parents[:1])
        for parent in parents[1:]:
            ref, problem = self.resolve(parent, tuple(resolved))
            if problem is not None:
                return parents, problem
            resolved.append(ref)
        return tuple(resolved), None

    def resolve(self, ref: ObjectRef, parents: Parents) -> tuple[ObjectRef, Reason | None]:
        """The object that a reference from within these parents names, or why it names none."""
        known = self._known(ref.kind, parents)
        declared = [match for match in known.matches if _names(ref, match)]
        if any(match.desired.absent for match in declared):
            return ref, _problem("reference_to_absent", ref)
        hits = [_ref_of(match) for match in declared]
        former = [match for match in known.matches if not hits and _had_name(ref, match)]
        if former:
            new_name = str(former[0].desired.ref)
            return ref, _problem("reference_by_former_name", ref, new_name=new_name)
        hits = hits or [live.ref for live in known.unclaimed if ref.names(live.ref)]
        if len(hits) > 1:
            ids = [hit.id for hit in hits if hit.id]
            return ref, _problem("reference_ambiguous", ref, count=len(hits), ids=[*ids])
        if not hits:
            by = "id" if ref.id else "name"
            return ref, _problem("reference_absent", ref, by=by, nearest=_nearest(ref, known))
        return hits[0], None


def within(parents: Parents) -> Iterator[Parents]:
    """Where a reference from within these parents is looked up: in all of them, in the outer ones,
    and at last in the tenant.
    """
    for number in range(len(parents), -1, -1):
        yield parents[:number]


def _ref_of(match: Match) -> ObjectRef:
    live = match.live
    return replace(match.desired.ref, id=live.id if live else match.desired.ref.id)


def _names(ref: ObjectRef, match: Match) -> bool:
    """True if the reference names the declared object: by its live id, or by its declared name,
    which one that must be absent need not have.
    """
    live = match.live
    if live is not None and (ref.id is not None or match.desired.absent):
        return ref.names(live.ref)
    return ref.id is None and ref.names(match.desired.ref)


def _had_name(ref: ObjectRef, match: Match) -> bool:
    """True if the reference names an object by the name that it is to lose."""
    return ref.id is None and match.live is not None and ref.names(match.live.ref)


def _nearest(ref: ObjectRef, known: Known) -> list[JsonValue]:
    """The names that are most similar to one that nothing has."""
    refs = [match.desired.ref for match in known.matches if not match.desired.absent]
    refs += [live.ref for live in known.unclaimed]
    names = {folded(other.display_name): str(other) for other in refs if other.display_name}
    return [names[name] for name in similar_names(folded(ref.display_name), names)]


def _problem(code: str, ref: ObjectRef, **parameters: JsonValue) -> Reason:
    return reason(code, other_kind=ref.kind, name=str(ref), **parameters)
