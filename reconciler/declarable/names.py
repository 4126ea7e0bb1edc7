"""Which display names are unique in a scope, and how a file refers to an object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents


@dataclass(frozen=True, slots=True)
class Names:
    """How many objects have a name: among those of their kind in the same parents, and among all
    that a reference from the scope can name. `by_id` has the names of the latter; None for one that
    a file cannot name.
    """

    in_parents: Counter[tuple[str | None, ...]]
    in_scope: Counter[tuple[str, str]]
    by_id: Mapping[tuple[str, str | None], str | None]

    @classmethod
    def of(cls, objects: Iterable[Observed], outside: Iterable[ObjectRef] = ()) -> Names:
        """The names of these objects, and of objects `outside` of the scope."""
        objects = list(objects)
        known = [*(live.ref for live in objects), *outside]
        return cls(
            Counter(_in_parents(live.ref, live.parents) for live in objects),
            Counter(_in_scope(ref) for ref in known),
            {(ref.kind, ref.id): ref.display_name for ref in known},
        )

    def without(self, refs: Iterable[ObjectRef]) -> Names:
        """The same, where a file cannot write the names of these objects."""
        unnamed = {(ref.kind, ref.id): None for ref in refs}
        return replace(self, by_id={**self.by_id, **unnamed})

    def name(self, ref: ObjectRef) -> str | None:
        """The name of the object; None if it has none, or a file cannot write it."""
        return self.by_id.get((ref.kind, ref.id), ref.display_name)

    def is_unique(self, live: Observed) -> bool:
        """True if no other object of its kind in its parents has its name."""
        return self.in_parents[_in_parents(live.ref, live.parents)] < 2

    def reference(self, ref: ObjectRef) -> ObjectRef:
        """The object as a file refers to it: by its name, or by its id if the name is not unique or
        cannot be written.

        Of name and id, the other is None.
        """
        name = self.name(ref)
        named = replace(ref, display_name=name)
        if name is None or self.in_scope[_in_scope(named)] > 1:
            return replace(ref, display_name=None)
        return replace(named, id=None)


def _in_parents(ref: ObjectRef, parents: Parents) -> tuple[str | None, ...]:
    return ref.kind, folded(ref.display_name), *(parent.id for parent in parents)


def _in_scope(ref: ObjectRef) -> tuple[str, str]:
    return ref.kind, folded(ref.display_name)
