"""Which display names are unique in a scope, and how a file refers to an object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents


@dataclass(frozen=True, slots=True)
class Names:
    """How many objects have a name: among those of their kind in the same parents, and in the whole
    scope.
    """

    in_parents: Counter[tuple[str | None, ...]]
    in_scope: Counter[tuple[str, str]]

    @classmethod
    def of(cls, objects: Iterable[Observed]) -> Names:
        """The names of these objects."""
        objects = list(objects)
        return cls(
            Counter(_in_parents(live.ref, live.parents) for live in objects),
            Counter(_in_scope(live.ref) for live in objects),
        )

    def is_unique(self, live: Observed) -> bool:
        """True if no other object of its kind in its parents has its name."""
        return self.in_parents[_in_parents(live.ref, live.parents)] < 2

    def reference(self, ref: ObjectRef) -> ObjectRef:
        """The object as a file refers to it: by its name, or by its id if the name is not unique.

        Of name and id, the other is None.
        """
        if ref.display_name is None or self.in_scope[_in_scope(ref)] > 1:
            return replace(ref, display_name=None)
        return replace(ref, id=None)


def _in_parents(ref: ObjectRef, parents: Parents) -> tuple[str | None, ...]:
    return ref.kind, folded(ref.display_name), *(parent.id for parent in parents)


def _in_scope(ref: ObjectRef) -> tuple[str, str]:
    return ref.kind, folded(ref.display_name)
