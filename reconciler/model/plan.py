"""The plan and its outcomes, as data that can be sorted, hashed, saved, rejected and shown."""

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
    """One property before and after; `path` leads to it (`("callbackConfiguration",
    "timeoutDuration")`).
    """

    path: tuple[str, ...]
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must be true right before the write: the object does not exist, or has this fingerprint.

    `namesakes` are the ids of other extensions with the new name, which other declarations match by
    id.
    """

    exists: bool
    fingerprint: str | None = None
    namesakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One planned action on one extension, with its reason and the place of its declaration.

    `already_pending`: the baseline, an earlier plan, contains the same change.
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
        """The ids of the extensions that have the same new name."""
        return self.precondition.namesakes if self.precondition else ()


@dataclass(frozen=True, slots=True)
class PlannedCatalog:
    """A catalog of the plan, and whether it could be read."""

    catalog: Catalog
    read: Read


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live extension that no file declares; listed, never changed."""

    catalog: Catalog
    extension: ExtensionRef


@dataclass(frozen=True, slots=True)
class Plan:
    """All planned changes, as data without behaviour. Catalogs, changes and unmanaged are sorted.

    `not_secret` are the parts of values to be written that look like a key but, as the files
    declare, are not a secret.
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
        """True when every catalog exists and was read completely."""
        return all(planned.read == "complete" for planned in self.catalogs)

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
        """Counts by action, in the order they are printed; `replace` and `delete` are reserved."""
        counts = dict.fromkeys(
            (
                "create",
                "update",
                "rename",
                "replace",
                "delete",
                "blocked",
                "unchanged",
                "unmanaged",
            ),
            0,
        )
        for change in self.changes:
            counts[change.action] += 1
        return counts | {"unchanged": self.unchanged, "unmanaged": len(self.unmanaged)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one change. `error` explains any other status than done; `stale`: edited in
    Graph since the plan.

    `note` explains a success by another way (for example the other timeout name); `written`: it
    failed after the write.
    """

    change: Change
    status: Status
    request_id: str | None = None
    error: str | None = None
    note: str | None = None
    stale: bool = False
    written: bool = False
