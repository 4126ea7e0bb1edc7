"""The values that a read-back must show after a write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.diff.compare import at, compare
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import FieldChange
from reconciler.model.types import ODATA_TYPE, TIMEOUT, JsonValue, Properties

TIMEOUT_PATH = ("callbackConfiguration", TIMEOUT)
URL_PATH = ("endpointConfiguration", "url")


@dataclass(frozen=True, slots=True)
class Expectation:
    """The properties as sent: the desired ones, and for an update all others as the extension had
    them before.
    """

    properties: Properties
    former: ObservedExtension | None = None

    @property
    def has_timeout(self) -> bool:
        """True when a callback timeout was sent, under one name or the other."""
        return _at(self.properties, TIMEOUT_PATH) is not None

    def missing(self, live: ObservedExtension | None) -> tuple[FieldChange, ...]:
        """The values that were sent and are not in `live`.

        Graph computes a `url` that was cleared because it pointed to the former Logic App: any
        value but the former one is accepted (docs/graph.md §2.6).
        """
        rows = compare(self.properties, live.properties if live else {})
        return tuple(
            row
            for row in rows
            if row.path != URL_PATH or row.after is not None or row.before == self._former(URL_PATH)
        )

    def lost_only_the_timeout(self, missing: Sequence[FieldChange]) -> bool:
        """True if only the timeout is missing, absent or unchanged: Graph may expect it under its
        other name.
        """
        return bool(missing) and all(
            row.path == TIMEOUT_PATH and row.before in (None, self._former(TIMEOUT_PATH))
            for row in missing
        )

    def shows_only_the_former(self, missing: Sequence[FieldChange]) -> bool:
        """True if every missing value is still the one from before the write: reads may lag behind
        writes.
        """
        former = self.former
        return (
            former is not None
            and bool(missing)
            and all(at(former.properties, row.path) == row.before for row in missing)
        )

    def removed(self, live: ObservedExtension) -> list[str]:
        """Undocumented properties that the extension had before the write and no longer has.

        Members of an object that the write cleared, or whose type it changed, do not count.
        """
        if self.former is None:
            return []
        gone = set(self.former.unknown) - set(live.unknown)
        return sorted(
            name for name in gone if "/" not in name or self._kept(name.partition("/")[0])
        )

    def _kept(self, name: str) -> bool:
        """True if the write kept an object of the same type under this name."""
        return self.properties.get(name) is not None and _at(
            self.properties, (name, ODATA_TYPE)
        ) == self._former((name, ODATA_TYPE))

    def _former(self, path: tuple[str, str]) -> JsonValue:
        return _at(self.former.properties, path) if self.former else None


def _at(properties: object, path: tuple[str, str]) -> JsonValue:
    inner = properties.get(path[0]) if isinstance(properties, dict) else None
    return inner.get(path[1]) if isinstance(inner, dict) else None
