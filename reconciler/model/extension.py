"""Desired and observed: what the files declare, what Graph answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.types import EXTENSION_TYPES, TIMEOUT, JsonValue

Read = Literal["complete", "unreadable", "absent"]


@dataclass(frozen=True, slots=True)
class Catalog:
    """An access package catalog. As declared it has either an id or a display name, as observed both."""

    id: str | None
    display_name: str | None

    def __str__(self) -> str:
        return self.display_name or self.id or "?"


@dataclass(frozen=True, slots=True)
class ExtensionRef:
    """Which extension is meant: `id` is None while it does not exist, `type` stands without `#microsoft.graph.`."""

    id: str | None
    display_name: str
    type: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an extension takes from the `defaults` of its document: where these stand, and which paths they give."""

    source: SourceLocation
    paths: frozenset[tuple[str, ...]]

    def covers(self, path: tuple[str, ...]) -> bool:
        """True when the value at the path comes from the defaults, alone or with its whole configuration."""
        return path in self.paths or path[:1] in self.paths


@dataclass(frozen=True, slots=True)
class DesiredExtension:
    """One extension as declared: canonical properties with defaults merged in; a None in them clears."""

    pinned_id: str | None
    display_name: str
    type: str
    properties: Mapping[str, JsonValue]
    source: SourceLocation
    inherited: Inherited | None = None


@dataclass(frozen=True, slots=True)
class DesiredCatalog:
    """What is declared for one catalog, over all files that address it in the same way."""

    catalog: Catalog
    extensions: tuple[DesiredExtension, ...]
    source: SourceLocation


@dataclass(frozen=True, slots=True)
class ObservedExtension:
    """One live extension: canonical writable properties, and who changed it last (docs/graph.md §2.2).

    `timeout_name` is the name under which Graph showed the callback timeout; `unknown` holds what is not documented.
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
        """True for the two documented types; others are reported, never touched."""
        return self.type in EXTENSION_TYPES


@dataclass(frozen=True, slots=True)
class ObservedCatalog:
    """What could be found out about one catalog.

    `read` tells the three cases apart: `complete` (`extensions` is all there is), `absent`, and `unreadable`, of
    which nothing may be concluded. `because` explains the last two.
    """

    catalog: Catalog
    read: Read
    extensions: tuple[ObservedExtension, ...] = ()
    because: str = ""
