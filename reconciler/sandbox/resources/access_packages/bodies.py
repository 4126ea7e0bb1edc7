"""What POST accepts for an access package (docs/graph.md §7.5)."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from reconciler.sandbox.checks import (
    Check,
    Json,
    any_text,
    boolean,
    guid,
    members,
    nullable,
    text,
)
from reconciler.sandbox.switches import Switches
from reconciler.sandbox.texts import kept_text
from reconciler.sandbox.timestamps import timestamp


def created(body: Json, switches: Switches) -> Json:
    """The new access package, with its catalog as the body names it.

    Raises: GraphError 400 for an unknown or missing member or a bad value.
    """
    given = members(body, "", _WRITABLE, required=("displayName", "catalog"))
    now = timestamp()
    return {
        "id": str(uuid4()),
        "isHidden": False,
        "createdDateTime": now,
        "modifiedDateTime": now,
        **given,
        "description": kept_text(given.get("description"), switches),
    }


def _catalog(value: Any, where: str) -> Json:
    return members(value, where, {"id": guid}, required=("id",))


_WRITABLE: Final[Mapping[str, Check]] = {
    "displayName": text,
    "description": nullable(any_text),
    "isHidden": boolean,
    "catalog": _catalog,
}
