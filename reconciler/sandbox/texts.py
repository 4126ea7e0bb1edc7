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
    """Nothing, unless another object has the name of `document`, ignoring case.

    Raises: GraphError 409 with `code` (docs/graph.md §5.2).
    """
    name = str(document["displayName"])
    for other in others:
        same_name = folded(str(other.document.get("displayName") or "")) == folded(name)
        if same_name and other.id != document["id"] and not other.deleted:
            raise conflict(code, f"There is already an object named '{name}': '{other.id}'.")
