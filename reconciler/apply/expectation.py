"""What must be live once a write has taken effect."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.diff.compare import compare
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import FieldChange
from reconciler.model.types import TIMEOUT, Properties

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
        callback = self.properties.get("callbackConfiguration")
        return isinstance(callback, dict) and callback.get(TIMEOUT) is not None

    def missing(self, live: ObservedExtension | None) -> tuple[FieldChange, ...]:
        """What was sent and does not show.

        A `url` that was cleared, because it led to the former Logic App, is computed anew by Graph: anything but the
        former one will do (contract §1.6).
        """
        shown = live.properties if live else {}
        rows = compare(self.properties, shown)
        return tuple(row for row in rows if row.path != URL_PATH or row.after is not None or self._is_former(row))

    def _is_former(self, row: FieldChange) -> bool:
        endpoint = self.former.properties.get("endpointConfiguration") if self.former else None
        return isinstance(endpoint, dict) and endpoint.get("url") == row.before
