"""What POST and PATCH accept for a catalog, and what it holds from the beginning
(docs/graph.md §1.1).
"""

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
from reconciler.sandbox.switches import Switches
from reconciler.sandbox.texts import kept_text
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


def created(body: Json, switches: Switches) -> Json:
    """The new catalog. Raises: GraphError 400 for an unknown member or a bad value."""
    given = members(body, "", _WRITABLE, required=("displayName",))
    now = timestamp()
    new = {"id": str(uuid4()), **DEFAULTS, "createdDateTime": now, "modifiedDateTime": now, **given}
    return {**new, "description": kept_text(new["description"], switches)}


def updated(stored: Json, body: Json, switches: Switches) -> Json:
    """The catalog after a PATCH: what the body omits is kept.

    Raises: GraphError 400 for an unknown or read-only member or a bad value.
    """
    changed = {**stored, **members(body, "", _WRITABLE), "modifiedDateTime": timestamp()}
    return {**changed, "description": kept_text(changed.get("description"), switches)}
