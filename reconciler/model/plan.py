"""The plan and its outcomes, as data that can be sorted, hashed, saved, rejected and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.objects import ObjectRef, Parents, Path, Read, Value
from reconciler.model.reason import Reason

FORMAT_VERSION = "2"

Action = Literal["create", "update", "rename", "replace", "delete", "blocked"]
ACTIONS: tuple[Action, ...] = ("create", "update", "rename", "replace", "delete", "blocked")
Status = Literal["done", "failed", "skipped", "unknown"]
COUNTED = ("create", "update", "rename", "replace", "delete", "blocked", "unchanged", "unmanaged")
"""What a summary counts, in the order it is printed."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property before and after.

    `computed`: the service sets the value, so `after` is None until the change is applied.
    """

    path: Path
    before: Value
    after: Value
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true right before the write: the object does not exist, or has this fingerprint.

    `namesakes` are the ids of other objects with the new name, which other declarations match by
    id. `freed_by` are those that have it now, and that the same plan renames first.
    """

    exists: bool
    fingerprint: str | None = None
    namesakes: tuple[str, ...] = ()
    freed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a live object refers to another: which object, and the path of the member."""

    object: ObjectRef
    parents: Parents
    path: Path

    @property
    def stage(self) -> str:
        """The name of the stage in the path; the whole path of a numbered one.

        The path of one of several objects at a stage ends in the id of the object.
        """
        if self.path[-1].isdecimal():
            return "/".join(self.path)
        return self.path[min(1, len(self.path) - 1)]


@dataclass(frozen=True, slots=True)
class Change:
    """One planned action on one object, with its reason and the place of its declaration.

    `object` has the name that the object will have; its id is None for a create. `parents` are the
    objects that contain it, outermost first; the id of one that this plan creates is None.
    `already_pending`: the baseline, an earlier plan, contains the same change. `used_by`: what
    refers to an object that is deleted or replaced; None if that could not be read completely.
    """

    action: Action
    object: ObjectRef
    parents: Parents
    reason: Reason
    fields: tuple[FieldChange, ...] = ()
    precondition: Precondition | None = None
    source: SourceLocation | None = None
    last_modified_at: str | None = None
    last_modified_by: str | None = None
    already_pending: bool = False
    used_by: tuple[Use, ...] | None = None

    @property
    def removes(self) -> bool:
        """True if a live object is deleted, for good or for another one in its place."""
        return self.action in ("delete", "replace")

    @property
    def kind(self) -> str:
        """The name of the object's kind."""
        return self.object.kind

    @property
    def namesakes(self) -> tuple[str, ...]:
        """The ids of the objects that may have the same new name."""
        return (*self.precondition.namesakes, *self.freed_by) if self.precondition else ()

    @property
    def freed_by(self) -> tuple[str, ...]:
        """The ids of the objects that must be renamed first."""
        return self.precondition.freed_by if self.precondition else ()

    @property
    def scope(self) -> ObjectRef:
        """The outermost object that this change belongs to: its first parent, else itself.

        Writes within one scope are made one at a time, in the plan's order.
        """
        return self.parents[0] if self.parents else self.object


@dataclass(frozen=True, slots=True)
class PlannedScope:
    """An outermost parent of the plan (a catalog), and whether it could be read."""

    parent: ObjectRef
    read: Read


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live object that no file declares; listed, never changed."""

    object: ObjectRef
    parents: Parents


@dataclass(frozen=True, slots=True)
class UnsettledWrite:
    """A write of an earlier run that may have been applied, or may still be; `reason` says which
    one, and why that could not be found out.
    """

    object: ObjectRef
    parents: Parents
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """All planned changes, as data without behaviour. Scopes, changes and unmanaged are sorted.

    `unchanged` counts the declared objects without a change by kind, with every kind in it.
    `not_secret` are the parts of values to be written that look like a key but, as the files
    declare, are not a secret.
    """

    tool_version: str
    tenant_id: str
    graph_url: str
    digest: str
    scopes: tuple[PlannedScope, ...]
    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...]
    diagnostics: tuple[Diagnostic, ...]
    unchanged: Mapping[str, int] = field(default_factory=dict)
    environment: str | None = None
    not_secret: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True when every scope exists, or will, and was read completely."""
        return all(planned.read in ("complete", "to_create") for planned in self.scopes)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that are not blocked."""
        return tuple(change for change in self.changes if change.action != "blocked")

    @property
    def blocked(self) -> tuple[Change, ...]:
        """The changes that cannot be applied."""
        return tuple(change for change in self.changes if change.action == "blocked")

    @property
    def summary(self) -> dict[str, int]:
        """Counts of all kinds together, in the order they are printed."""
        total: Counter[str] = Counter()
        for counts in self.by_kind.values():
            total.update(counts)
        return {word: total[word] for word in COUNTED}

    @property
    def by_kind(self) -> dict[str, dict[str, int]]:
        """The same counts for each kind."""
        counts = {
            kind: dict.fromkeys(COUNTED, 0) | {"unchanged": number}
            for kind, number in self.unchanged.items()
        }
        for change in self.changes:
            counts.setdefault(change.kind, dict.fromkeys(COUNTED, 0))[change.action] += 1
        for unmanaged in self.unmanaged:
            kind = unmanaged.object.kind
            counts.setdefault(kind, dict.fromkeys(COUNTED, 0))["unmanaged"] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one change.

    `reason` explains any other status than done, and a success by another way (for example another
    spelling); `error` is what Graph or the network said, if that was the cause. `stale`: the object
    was edited since the plan was made; `written`: the change failed after the write.
    """

    change: Change
    status: Status
    request_id: str | None = None
    reason: Reason | None = None
    error: str | None = None
    stale: bool = False
    written: bool = False
