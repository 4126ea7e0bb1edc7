"""Texts that a client sends, for every resource: what is kept of them, which names are taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import conflict
from reconciler.sandbox.filters import folded
from reconciler.sandbox.switches import Switches

if TYPE_CHECKING:  # see exchange.py
    from reconciler.sandbox.store import Stored


def kept_text(text: str | None, switches: Switches) -> str | None:
    """The text as stored; for an empty text or null the switch decides, because it is not
    documented.
    """
    return text or {"as_sent": text, "null": None, "empty": ""}[switches.empty_text]


def refuse_taken_name(document: Json, others: Iterable[Stored], code: str) -> None:
    """Nothing, unless another object has the name of `document`, ignoring case; an object that has
    the name already, beside another, keeps it. `others` may contain the object as it was.

    Raises: GraphError 409 with `code` (docs/graph.md §5.2).
    """
    name = str(document["displayName"])
    same_name = [
        other.id
        for other in others
        if folded(str(other.document.get("displayName") or "")) == folded(name)
        and not other.deleted
    ]
    if same_name and document["id"] not in same_name:
        raise conflict(code, f"There is already an object named '{name}': '{same_name[0]}'.")
