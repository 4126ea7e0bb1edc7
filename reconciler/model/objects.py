"""Desired: what the files declare. Observed: what Graph returns. Objects of every kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.json_values import JsonValue
from reconciler.model.names import folded
from reconciler.model.reason import Reason

Read = Literal["complete", "unreadable", "absent", "to_create"]

Path: TypeAlias = tuple[str, ...]
"""Where a property is: `("displayName",)`, or `("outer", "inner")` in an object."""
NAME: Path = ("displayName",)
"""Where the name of an object of any kind is."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object: its kind, its id, its name, and its type if the kind has several.

    `id` is None while the object does not exist, `display_name` if only the id is known. `type` has
    no `#microsoft.graph.`.
    """

    kind: str
    id: str | None
    display_name: str | None
    type: str | None = None

    def __str__(self) -> str:
        return self.display_name or self.id or "?"

    @property
    def key(self) -> tuple[str, str]:
        """What two mentions of one object have in common: the kind and the id, else the name.

        An id is never equal to a name: a file may give an id where a name is expected.
        """
        return self.kind, self.id or f"name:{folded(self.display_name)}"

    def names(self, other: ObjectRef) -> bool:
        """True if this mention of an object, by its id or else by its name, may mean the other."""
        if self.id is not None:
            return self.id.casefold() == (other.id or "").casefold()
        return folded(self.display_name) == folded(other.display_name)


Parents: TypeAlias = tuple[ObjectRef, ...]
"""The objects that contain an object, outermost first; () for an object of the tenant."""

Value: TypeAlias = "JsonValue | ObjectRef"
Properties: TypeAlias = "dict[Path, Value]"
"""Canonical properties, flat: the value of each leaf by its path. `Fields` says what is canonical.

The path of an object is in it only for null (the object is cleared) and for `{}`, where an object
without members means something. A member that refers to another object holds an `ObjectRef`.
"""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an object inherits from the `defaults` of its document: their place, and the paths."""

    source: SourceLocation
    paths: frozenset[Path]

    def covers(self, path: Path) -> bool:
        """True when the value at the path, or its whole object, comes from the defaults."""
        return path in self.paths or path[:1] in self.paths


@dataclass(frozen=True, slots=True)
class Desired:
    """One declared object, merged with defaults; None clears a property. `ref.id` pins it.

    `absent`: it must not exist. Such a declaration has no properties; its name, its id and its type
    are None where they are not declared.
    """

    ref: ObjectRef
    parents: Parents
    properties: Mapping[Path, Value]
    source: SourceLocation
    inherited: Inherited | None = None
    absent: bool = False

    @property
    def key(self) -> DeclaredKey:
        """Which object it is inside of its outermost parent, as it is declared."""
        return self.ref.key, tuple(parent.key for parent in self.parents[1:])

    @property
    def referred(self) -> Iterator[ObjectRef]:
        """The objects that its properties refer to."""
        return (value for value in self.properties.values() if isinstance(value, ObjectRef))


DeclaredKey: TypeAlias = "tuple[tuple[str, str], tuple[tuple[str, str], ...]]"
"""The key of a declared object, and those of its inner parents."""


@dataclass(frozen=True, slots=True)
class DesiredScope:
    """What all files declare in one outermost parent that they address in the same way.

    `parent` is None for the objects of the tenant. `source` is the first place that declares it.
    `deletes_unmanaged`: the place of `unmanaged: delete`, if a document has it. `partial`: there
    may be files that were not read, because a PATH names a single file. `by_new_name`: a document
    addresses the parent by a name alone that another one gives to its id.
    """

    parent: ObjectRef | None
    objects: tuple[Desired, ...]
    source: SourceLocation
    deletes_unmanaged: SourceLocation | None = None
    partial: bool = False
    by_new_name: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """One live object: canonical writable properties, and the whole answer in `raw`.

    `known`: its type is documented; objects of other types are reported, never changed. `unknown`
    are its undocumented members by path (`clientConfiguration/retryBackoff`). `incomplete` says why
    it may refer to more than its properties show; None: it does not.
    """

    ref: ObjectRef
    parents: Parents
    properties: Mapping[Path, Value]
    raw: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True
    unknown: tuple[str, ...] = ()
    last_modified_at: str | None = None
    last_modified_by: str | None = None
    incomplete: str | None = None

    @property
    def id(self) -> str:
        """The id, which every live object has."""
        return str(self.ref.id)


@dataclass(frozen=True, slots=True)
class Referring:
    """The live objects that can refer to objects of another kind.

    `incomplete` says why there may be more of them, and what to do; None: these are all. `parents`
    are the objects that were searched for them, inside of the outermost parent.
    """

    objects: tuple[Observed, ...]
    incomplete: str | None = None
    parents: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedScope:
    """What was read in one outermost parent.

    `read` is `complete` (`objects` has all of them, of the tenant at least all that a declaration
    can match), `to_create` (the plan creates the parent), `absent`, or `unreadable` (nothing is
    known about it). `reason` explains the last two. `problems` says why single declared objects
    are blocked: they could not be read, or do not exist.
    """

    parent: ObjectRef | None
    read: Read
    objects: tuple[Observed, ...] = ()
    reason: Reason | None = None
    problems: Mapping[DeclaredKey, Reason] = field(default_factory=dict)
