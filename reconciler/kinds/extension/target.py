"""What an extension calls: its Logic App."""

from __future__ import annotations

from reconciler.kinds.extension.fields import LOGIC_APP_PATHS
from reconciler.model.objects import Observed


def logic_app(observed: Observed) -> str | None:
    """`resourceGroupName/logicAppWorkflowName`; None if the extension does not have both names.

    Source: docs/graph.md §2.6.
    """
    _, *paths = LOGIC_APP_PATHS  # the subscription is an id that says nothing to a reader
    names = [observed.properties.get(path) for path in paths]
    texts = [name for name in names if isinstance(name, str) and name]
    return "/".join(texts) if len(texts) == len(paths) else None
