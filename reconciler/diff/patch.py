"""The properties an object has after a plan's rows are applied: what a write sends and a read-back
must show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.objects import Path, Properties, Value
from reconciler.model.plan import FieldChange


def patched(live: Mapping[Path, Value], rows: Iterable[FieldChange]) -> Properties:
    """The live properties with each row's `after` instead; properties without a row are kept.

    Live nulls are not: a property that was never set need not be sent
    (docs/graph.md §2.9, clientConfiguration).
    """
    after: Properties = {path: value for path, value in live.items() if value is not None}
    for row in rows:
        if len(row.path) == 1:  # of an object: it is cleared or emptied as a whole
            after = {path: value for path, value in after.items() if path[0] != row.path[0]}
        else:
            after.pop(row.path[:1], None)
        after[row.path] = row.after
    return after
