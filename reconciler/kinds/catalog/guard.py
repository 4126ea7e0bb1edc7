"""What blocks the change of a catalog."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.kinds.catalog.fields import BUILT_IN
from reconciler.model.kind import Surroundings
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason


def guard(change: Change, around: Surroundings) -> Iterator[Reason]:
    """`built_in_catalog` for every change of the catalog that each tenant has; what is in it is
    managed as anywhere.

    Source: docs/graph.md §1.1 (recognised by its type, not by its name).
    """
    if around.before is not None and around.before.raw.get("catalogType") == BUILT_IN:
        paths = ["/".join(row.path) for row in change.fields]
        yield reason("built_in_catalog", paths=[*paths])
