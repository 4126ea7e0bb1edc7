"""What must be live once a write has taken effect."""

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
    """The properties as sent: the declared ones and those carried over from the extension's former state."""

    properties: Properties
    former: ObservedExtension | None = None

    @property
    def has_timeout(self) -> bool:
        """True when a callback timeout was sent, under one name or the other."""
        return _at(self.properties, TIMEOUT_PATH) is not None

    def missing(self, live: ObservedExtension | None) -> tuple[FieldChange, ...]:
        """What was sent and does not show.

        A `url` that was cleared, because it led to the former Logic App, is computed anew by Graph: anything but the
        former one will do (docs/graph.md §2.6).
        """
        rows = compare(self.properties, live.properties if live else {})
        return tuple(
            row for row in rows if row.path != URL_PATH or row.after is not None or row.before == self._former(URL_PATH)
        )

    def lost_only_the_timeout(self, missing: Sequence[FieldChange]) -> bool:
        """True when all else is as sent and the timeout is absent or still the former one: the name may be at fault."""
        return bool(missing) and all(
            row.path == TIMEOUT_PATH and row.before in (None, self._former(TIMEOUT_PATH)) for row in missing
        )

    def shows_only_the_former(self, missing: Sequence[FieldChange]) -> bool:
        """True when all that does not show as sent shows as it was before: reads may lag behind the write."""
        former = self.former
        return (
            former is not None
            and bool(missing)
            and all(at(former.properties, row.path) == row.before for row in missing)
        )

    def taken_away(self, live: ObservedExtension) -> list[str]:
        """Undocumented properties that the extension had before the write and has no more.

        Members of an object that the write cleared, or gave another type, are not among them: they went with it.
        """
        if self.former is None:
            return []
        gone = set(self.former.unknown) - set(live.unknown)
        return sorted(name for name in gone if "/" not in name or self._kept(name.partition("/")[0]))

    def _kept(self, name: str) -> bool:
        """True when the write left an object of the same type under this name."""
        return self.properties.get(name) is not None and _at(self.properties, (name, ODATA_TYPE)) == self._former(
            (name, ODATA_TYPE)
        )

    def _former(self, path: tuple[str, str]) -> JsonValue:
        return _at(self.former.properties, path) if self.former else None


def _at(properties: object, path: tuple[str, str]) -> JsonValue:
    inner = properties.get(path[0]) if isinstance(properties, dict) else None
    return inner.get(path[1]) if isinstance(inner, dict) else None
