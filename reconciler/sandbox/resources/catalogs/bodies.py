"""What POST accepts for a catalog, and what it holds from the beginning (docs/graph.md §1.1)."""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from reconciler.sandbox.checks import (
    Check,
    Json,
    any_text,
    boolean,
    members,
    nullable,
    one_of,
    text,
)
from reconciler.sandbox.timestamps import timestamp

DEFAULTS: Final[Json] = {
    "description": None,
    "catalogType": "userManaged",
    "state": "published",
    "isExternallyVisible": False,
}
_WRITABLE: Final[Mapping[str, Check]] = {
    "displayName": text,
    "description": nullable(any_text),
    "state": one_of("published", "unpublished"),
    "isExternallyVisible": boolean,
}


def created(body: Json) -> Json:
    """The new catalog. Raises: GraphError 400 for an unknown member or a bad value."""
    given = members(body, "", _WRITABLE, required=("displayName",))
    now = timestamp()
    return {
        "id": str(uuid4()),
        **DEFAULTS,
        "createdDateTime": now,
        "modifiedDateTime": now,
        **given,
    }
