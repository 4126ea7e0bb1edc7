"""The objects that a live check has made itself, and may therefore write: newest first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.model.live_facts import SECOND, OwnKind

ID = re.compile(r"[A-Za-z0-9-]{1,128}")
"""An id that may be used in an address; Microsoft's are GUIDs."""
ORDER: tuple[OwnKind, ...] = ("policy", "access_package", "extension", "catalog")
"""In which kinds are removed: what is in another object, or refers to one, comes first."""


@dataclass(frozen=True, slots=True)
class OwnObject:
    """An object of a live check; `parent_id` is the catalog of an extension or access package, the
    access package of a policy.
    """

    kind: OwnKind
    id: str
    name: str
    parent_id: str | None = None


@dataclass(slots=True)
class Owned:
    """What was made, or was found by the exact name of a live check; it grows and shrinks. It may
    be written once a read has shown it under a name of the run: an answer to a create, or a line of
    a journal, could name the id of a foreign object.
    """

    _objects: dict[str, OwnObject] = field(default_factory=dict)
    _removed: set[str] = field(default_factory=set)
    _shown: set[str] = field(default_factory=set)

    def add(self, own: OwnObject) -> bool:
        """One more; False if it is known, or was removed: a listing may lag."""
        key = own.id.casefold()
        if key in self._removed or key in self._objects:
            return False
        self._objects[key] = own
        return True

    def remove(self, own: OwnObject) -> None:
        """It no longer exists."""
        self._removed.add(own.id.casefold())
        self._objects.pop(own.id.casefold(), None)

    def show(self, own: OwnObject) -> None:
        """A read has shown it under a name of the run."""
        self._shown.add(own.id.casefold())

    def is_shown(self, own: OwnObject) -> bool:
        """True if a read has shown it so."""
        return own.id.casefold() in self._shown

    def knows(self, object_id: object) -> bool:
        """True if the object is own, or was: a listing may lag."""
        key = str(object_id).casefold()
        return key in self._objects or key in self._removed

    def newest(self, kind: OwnKind, parent_id: str | None = None) -> list[OwnObject]:
        """Those of one kind, in one parent if it is given, the newest first."""
        of_kind = [own for own in self._objects.values() if own.kind == kind]
        return [own for own in reversed(of_kind) if parent_id in (None, own.parent_id)]

    def owns(self, kind: OwnKind, object_id: object, parent_id: str | None = None) -> bool:
        """True if the id is that of an own object of the kind that may be written, in that parent
        if it is given.
        """
        own = self._objects.get(object_id.casefold()) if isinstance(object_id, str) else None
        if own is None or own.kind != kind or not self.is_shown(own):
            return False
        return parent_id is None or (own.parent_id or "").casefold() == parent_id.casefold()


def usable_id(body: Mapping[str, Any]) -> str | None:
    """The id in a body; None if there is none that may be used in an address."""
    own_id = body.get("id")
    return own_id if isinstance(own_id, str) and ID.fullmatch(own_id) else None


def is_named(body: Mapping[str, Any], run_name: str) -> bool:
    """True if the body has a name of the run: exactly this one, or one that goes on with `-`."""
    return f"{body.get('displayName')}-".startswith(f"{run_name}-")


def names_of(run_name: str) -> tuple[str, ...]:
    """The names of the catalogs that a run can have made."""
    return run_name, f"{run_name}{SECOND}"
