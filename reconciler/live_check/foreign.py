"""What others have put into the objects of a live check, or renamed: it stays, and so does what
contains it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.live_check.exchange import Result
from reconciler.live_check.owned import ORDER, Owned, OwnObject, is_named
from reconciler.model.live_facts import Inside, OwnKind

_HIDDEN: Mapping[OwnKind, Collection[int]] = {
    "extension": (404,),
    "access_package": (403, 404),
    "policy": (403, 404),
}
"""The statuses that show nothing inside: these ways of reading are open for some identities only
(docs/graph.md §7.2), while who writes extensions can list them.
"""


@dataclass(slots=True)
class Foreign:
    """What the last reads have shown in own objects that is not own: its name is not one of the run
    `run_name`. An own object under another name is somebody's now.
    """

    owned: Owned
    run_name: str
    _shown: dict[tuple[str, OwnKind], tuple[Inside, ...]] = field(default_factory=dict)
    _unread: set[tuple[str, OwnKind]] = field(default_factory=set)
    _renamed: set[str] = field(default_factory=set)

    def record(self, parent: OwnObject, kind: OwnKind, read: Result, items: Iterable[Any]) -> None:
        """What a read of the content has shown. Without an answer, it is not known."""
        if not read.accepted and read.status not in _HIDDEN[kind]:
            self._unread.add((parent.id, kind))
            return
        self._unread.discard((parent.id, kind))
        named = [each for each in items if isinstance(each, dict)]
        others = [each for each in named if not self._is_own(each)]
        inside = tuple(Inside(kind, str(each.get("displayName"))) for each in others)
        self._shown[parent.id, kind] = inside
        self._renamed |= {str(each.get("id")).casefold() for each in others}

    def record_name(self, own: OwnObject, read: Result) -> None:
        """Under which name a read has shown the object itself."""
        if read.accepted and not is_named(read.single, self.run_name):
            self._renamed.add(own.id.casefold())

    def _is_own(self, body: Mapping[str, Any]) -> bool:
        if not isinstance(body.get("displayName"), str):
            return self.owned.knows(body.get("id"))
        return is_named(body, self.run_name)

    def is_renamed(self, own: OwnObject) -> bool:
        """True if it has shown under a name that is not one of the run."""
        return own.id.casefold() in self._renamed

    def inside(self, own: OwnObject) -> tuple[Inside, ...]:
        """What is directly in this object and not own."""
        return tuple(each for kind in ORDER for each in self._shown.get((own.id, kind), ()))

    def holds(self, own: OwnObject) -> bool:
        """True if it, or something in it at any depth, is foreign, or possibly so: it must not be
        deleted, since Graph might delete that too.
        """
        here = self.is_renamed(own) or self.is_unread(own) or bool(self.inside(own))
        return here or any(map(self.holds, self._children(own)))

    def is_unread(self, own: OwnObject) -> bool:
        """True if the last read of what is directly in it had no answer."""
        return any((own.id, kind) in self._unread for kind in ORDER)

    def keeps(self, own: OwnObject) -> bool:
        """True if it cannot be removed: it was renamed, or what others have put into it is all that
        is left there.
        """
        if self.is_renamed(own):
            return True
        children = self._children(own)
        contents = self.inside(own) or children
        return bool(contents) and all(map(self.keeps, children))

    def _children(self, own: OwnObject) -> list[OwnObject]:
        return [child for kind in ORDER for child in self.owned.newest(kind, own.id)]
