"""The values that a read-back must show after a write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.diff.compare import compare, lost
from reconciler.model.fields import value_at
from reconciler.model.json_values import canonical_json
from reconciler.model.kind import Kind
from reconciler.model.objects import Observed, Path, Value
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.plan import FieldChange


@dataclass(frozen=True, slots=True)
class Expectation:
    """The properties as sent: the desired ones, and for an update of a whole object of ours all
    others as they were `before`. `absent`: the object must not show at all.
    """

    kind: Kind
    properties: Mapping[Path, Value]
    before: Observed | None = None
    absent: bool = False

    def met(self, live: Observed | None) -> bool:
        """True if the write was applied."""
        return (live is None) is self.absent and not self.missing(live)

    def missing(self, live: Observed | None) -> tuple[FieldChange, ...]:
        """The values that were sent and are not in `live`; of a delete, those that it still has.

        For a value that the service computes, any but the former one is accepted
        (docs/graph.md §2.6).
        """
        if self.absent:
            return lost(live.properties) if live else ()
        rows = compare(self.kind.fields, self.properties, live.properties if live else {})
        return tuple(
            row for row in rows if not row.computed or row.before == self._former(row.path)
        )

    def lost_only_aliases(self, missing: Sequence[FieldChange]) -> bool:
        """True if only members with another name are missing, absent or unchanged: the service may
        expect them under that name.
        """
        return bool(missing) and all(
            bool(self.kind.fields.field(row.path).aliases)
            and row.before in (None, self._former(row.path))
            for row in missing
        )

    def shows_only_the_former(self, missing: Sequence[FieldChange]) -> bool:
        """True if every missing value is still the one from before: reads may lag behind writes."""
        if self.before is None or not missing:
            return False
        return all(self._former(row.path) == row.before for row in missing)

    def removed(self, live: Observed) -> list[str]:
        """Undocumented members that the object had before the write and no longer has.

        Members of an object that the write cleared, or whose type it changed, do not count.
        """
        if self.before is None:
            return []
        gone = sorted(set(self.before.unknown) - set(live.unknown))
        return [name for name in gone if "/" not in name or self._kept(name.partition("/")[0])]

    def altered(self, live: Observed) -> list[str]:
        """Where a foreign object differs from before, outside of what was changed."""
        if self.before is None or not self.kind.is_foreign:
            return []
        before, after = self.kind.content(self.before), self.kind.content(live)
        ours = tuple("/".join(path) for path in self.properties)
        paths = {path for path in _differing(before, after) if not _is_inside(path, ours)}
        return sorted(paths)

    def _kept(self, name: str) -> bool:
        """True if the write kept an object of the same type under this name."""
        kept = any(path[0] == name and value is not None for path, value in self.properties.items())
        path = (name, ODATA_TYPE)
        return kept and self.properties.get(path) == self._former(path)

    def _former(self, path: Path) -> Value:
        return value_at(self.before.properties, path) if self.before else None


def _is_inside(path: str, holders: Sequence[str]) -> bool:
    """True for the path of one of these members, or of something in it."""
    return any(path == holder or path.startswith(f"{holder}/") for holder in holders)


def _differing(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths of the members that differ; null and absent are the same."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            inner = f"{path}/{name}" if path else name
            yield from _differing(before.get(name), after.get(name), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _differing(*pair, f"{path}/{number}")
    elif canonical_json(before) != canonical_json(after):  # of Python, True == 1
        yield path
