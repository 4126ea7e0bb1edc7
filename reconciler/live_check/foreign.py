"""What others have put into the objects of a live check: it stays, and so does what contains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.live_check.exchange import Result
from reconciler.live_check.owned import ORDER, Owned, OwnObject
from reconciler.model.live_facts import Inside, OwnKind
from reconciler.model.names import folded


@dataclass(slots=True)
class Foreign:
    """What the last reads have shown in own objects that is not own: neither by its id nor by a
    name that begins with `run_name`.
    """

    owned: Owned
    run_name: str
    _shown: dict[tuple[str, OwnKind], tuple[Inside, ...]] = field(default_factory=dict)

    def record(self, parent: OwnObject, kind: OwnKind, read: Result, items: Iterable[Any]) -> None:
        """What a read of the content has shown; one without an answer changes nothing."""
        if read.accepted or read.status == 404:
            named = [each for each in items if isinstance(each, dict)]
            others = [each for each in named if not self._is_own(each)]
            inside = tuple(Inside(kind, str(each.get("displayName"))) for each in others)
            self._shown[parent.id, kind] = inside

    def _is_own(self, body: dict[str, Any]) -> bool:
        name = folded(str(body.get("displayName")))
        return self.owned.knows(body.get("id")) or name.startswith(folded(self.run_name))

    def inside(self, own: OwnObject) -> tuple[Inside, ...]:
        """What is directly in this object and not own."""
        return tuple(each for kind in ORDER for each in self._shown.get((own.id, kind), ()))

    def holds(self, own: OwnObject) -> bool:
        """True if something that is not own is in it, at any depth: it must not be deleted, since
        Graph might delete that too.
        """
        return bool(self.inside(own)) or any(map(self.holds, self._children(own)))

    def keeps(self, own: OwnObject) -> bool:
        """True if it cannot be removed: what others have put into it is all that is left there."""
        children = self._children(own)
        contents = self.inside(own) or children
        return bool(contents) and all(map(self.keeps, children))

    def _children(self, own: OwnObject) -> list[OwnObject]:
        return [child for kind in ORDER for child in self.owned.newest(kind, own.id)]
