"""The plan and what came of it, as data: it can be sorted, hashed, saved, refused and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, ExtensionRef, Read
from reconciler.model.types import JsonValue

FORMAT_VERSION = "1"

Action = Literal["create", "update", "rename", "blocked"]
ACTIONS: tuple[Action, ...] = ("create", "update", "rename", "blocked")
Status = Literal["done", "failed", "skipped", "unknown"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One property before and after; `path` leads to it (`("callbackConfiguration", "timeoutDuration")`)."""

    path: tuple[str, ...]
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must still hold right before the write: the object does not exist, or has this fingerprint.

    `namesakes` are the ids of those that may have the new name too, since other declarations pin them under it.
    """

    exists: bool
    fingerprint: str | None = None
    namesakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One planned action on one extension, with the reason and the place in the YAML that asks for it.

    `already_pending`: an earlier plan, given as baseline, holds the same change.
    """

    action: Action
    catalog: Catalog
    extension: ExtensionRef
    because: str
    fields: tuple[FieldChange, ...] = ()
    precondition: Precondition | None = None
    source: SourceLocation | None = None
    last_modified_at: str | None = None
    last_modified_by: str | None = None
    already_pending: bool = False

    @property
    def namesakes(self) -> tuple[str, ...]:
        """The ids of the extensions that may share its new name."""
        return self.precondition.namesakes if self.precondition else ()


@dataclass(frozen=True, slots=True)
class PlannedCatalog:
    """A catalog of the plan and how well it could be read."""

    catalog: Catalog
    read: Read


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live extension that no file declares; listed, never touched."""

    catalog: Catalog
    extension: ExtensionRef


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done, and nothing that could do it. Catalogs, changes and unmanaged are sorted.

    `not_secret` are the parts of values to be written that look like a key and, as the files declare, are not a secret.
    """

    tool_version: str
    tenant_id: str
    graph_url: str
    digest: str
    catalogs: tuple[PlannedCatalog, ...]
    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...]
    diagnostics: tuple[Diagnostic, ...]
    unchanged: int
    environment: str | None = None
    not_secret: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True when every catalog was found and read completely."""
        return all(planned.read == "complete" for planned in self.catalogs)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that apply would carry out."""
        return tuple(change for change in self.changes if change.action != "blocked")

    @property
    def blocked(self) -> tuple[Change, ...]:
        """The changes that cannot be carried out."""
        return tuple(change for change in self.changes if change.action == "blocked")

    @property
    def summary(self) -> dict[str, int]:
        """Counts by action, in the order they are printed; `replace` and `delete` are reserved."""
        counts = dict.fromkeys(
            ("create", "update", "rename", "replace", "delete", "blocked", "unchanged", "unmanaged"), 0
        )
        for change in self.changes:
            counts[change.action] += 1
        return counts | {"unchanged": self.unchanged, "unmanaged": len(self.unmanaged)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one change. `error` explains anything but a plain success; `stale` marks a live edit since the plan.

    `note` tells of a success by a second way (the other timeout name, say), `written` of a failure after the write.
    """

    change: Change
    status: Status
    request_id: str | None = None
    error: str | None = None
    note: str | None = None
    stale: bool = False
    written: bool = False
