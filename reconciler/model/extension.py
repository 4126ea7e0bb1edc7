"""Desired: what the files declare. Observed: what Graph returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.types import EXTENSION_TYPES, TIMEOUT, JsonValue

Read = Literal["complete", "unreadable", "absent"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """An access package catalog. A declared one has an id or a display name, an observed
    one both.
    """

    id: str | None
    display_name: str | None

    def __str__(self) -> str:
        return self.display_name or self.id or "?"


@dataclass(frozen=True, slots=True)
class ExtensionRef:
    """The id, name and type of an extension: `id` is None if it does not exist, `type` has no
    `#microsoft.graph.`.
    """

    id: str | None
    display_name: str
    type: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an extension inherits from the `defaults` of its document: their place, and the
    inherited paths.
    """

    source: SourceLocation
    paths: frozenset[tuple[str, ...]]

    def covers(self, path: tuple[str, ...]) -> bool:
        """True when the value at the path, or its whole configuration, comes from the defaults."""
        return path in self.paths or path[:1] in self.paths


@dataclass(frozen=True, slots=True)
class DesiredExtension:
    """One declared extension: canonical properties, merged with defaults; None clears a
    property.
    """

    pinned_id: str | None
    display_name: str
    type: str
    properties: Mapping[str, JsonValue]
    source: SourceLocation
    inherited: Inherited | None = None


@dataclass(frozen=True, slots=True)
class DesiredCatalog:
    """What all files declare for one catalog that they address in the same way."""

    catalog: Catalog
    extensions: tuple[DesiredExtension, ...]
    source: SourceLocation


@dataclass(frozen=True, slots=True)
class ObservedExtension:
    """One live extension: canonical writable properties, and who last modified it
    (docs/graph.md §2.2).

    `timeout_name` is the name that Graph returned for the callback timeout; `unknown` has
    undocumented members.
    """

    id: str
    display_name: str | None
    type: str
    properties: Mapping[str, JsonValue]
    last_modified_at: str | None = None
    last_modified_by: str | None = None
    timeout_name: str = TIMEOUT
    unknown: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def ref(self) -> ExtensionRef:
        """The reference that plans and messages use."""
        return ExtensionRef(self.id, self.display_name or "", self.type)

    @property
    def known(self) -> bool:
        """True for the two documented types; other types are reported, never changed."""
        return self.type in EXTENSION_TYPES


@dataclass(frozen=True, slots=True)
class ObservedCatalog:
    """What was read of one catalog.

    `read` is `complete` (`extensions` has all extensions), `absent`, or `unreadable` (nothing is
    known about it). `because` explains the last two.
    """

    catalog: Catalog
    read: Read
    extensions: tuple[ObservedExtension, ...] = ()
    because: str = ""
