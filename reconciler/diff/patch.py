"""The properties an extension has after a plan's rows are applied: what a write sends and a
read-back must show.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

from reconciler.model.plan import FieldChange
from reconciler.model.types import JsonValue, Properties


def patched(live: Mapping[str, JsonValue], rows: Iterable[FieldChange]) -> Properties:
    """The live properties with each row's `after` instead; properties without a row are kept.

    Live nulls are not: a property that was never set need not be sent (docs/graph.md §2.9,
    clientConfiguration).
    """
    result: Properties = {
        name: copy.deepcopy(value) for name, value in live.items() if value is not None
    }
    for row in rows:
        target = result
        for name in row.path[:-1]:
            inner = target.get(name)
            if not isinstance(inner, dict):
                inner = target[name] = {}
            target = inner
        target[row.path[-1]] = copy.deepcopy(row.after)
    return result
