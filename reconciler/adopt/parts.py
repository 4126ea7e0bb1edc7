"""Changes of objects that are declared in parts: each drifted member in the declaration that has
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.kind import Kind
from reconciler.model.objects import Desired, DesiredScope, Observed
from reconciler.model.plan import Change, FieldChange


def parts(
    kind: Kind, change: Change, live: Observed, declared: Iterable[DesiredScope]
) -> Iterator[tuple[Change, Observed]]:
    """The change and its live object. Of an object that is found, not created, one part for each
    declaration with drifted members, with these members alone: all others are not ours.
    """
    if not kind.is_foreign:
        yield change, live
        return
    objects = [each for scope in declared for each in scope.objects if _declares(each, change)]
    # A name that several objects have means none of them.
    objects.sort(key=lambda each: each.ref.id is None)
    rows: dict[SourceLocation | None, list[FieldChange]] = {}
    for row in change.fields:
        sources = (each.source for each in objects if row.path in each.properties)
        rows.setdefault(next(sources, change.source), []).append(row)
    for source, fields in rows.items():
        drifted = {row.path: row.before for row in fields}
        part = replace(change, source=source, fields=tuple(fields))
        yield part, replace(live, properties=drifted)


def _declares(declared: Desired, change: Change) -> bool:
    """True if the declaration may mean the object of the change, by ids or else by names."""
    if declared.ref.kind != change.kind:
        return False
    mentions = (declared.ref, *declared.parents)
    objects = (change.object, *change.parents)
    return all(ref.names(live) for ref, live in zip(mentions, objects, strict=True))
