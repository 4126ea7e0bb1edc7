"""Which live objects are used, by what, and what they call; and where that could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.objects import ObjectRef, Read
from reconciler.model.plan import Use
from reconciler.model.reason import Reason


@dataclass(frozen=True, slots=True)
class UsedObject:
    """One object, what it calls outside of Graph, and every place that refers to it.

    `used_by` is None if none was read and there may be some. `listed` is false for an object that
    is referred to and that its parent does not list.
    """

    ref: ObjectRef
    target: str | None
    used_by: tuple[Use, ...] | None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class ScopeUsage:
    """The objects of one outermost parent.

    `reason` says why the parent is absent or unreadable; it then has no objects here. `incomplete`
    says why there may be more uses than those of the objects, and what to do.
    """

    parent: ObjectRef
    read: Read
    objects: tuple[UsedObject, ...] = ()
    reason: Reason | None = None
    incomplete: str | None = None

    @property
    def complete(self) -> bool:
        """True if every object and every use was read."""
        return self.read == "complete" and self.incomplete is None


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of all objects of one kind, by scope; `scope_kind` is the kind of their parents."""

    kind: str
    scope_kind: str
    scopes: tuple[ScopeUsage, ...]

    @property
    def complete(self) -> bool:
        """True if every scope was read completely."""
        return all(scope.complete for scope in self.scopes)

    @property
    def objects(self) -> list[UsedObject]:
        """Those of all scopes."""
        return [used for scope in self.scopes for used in scope.objects]
