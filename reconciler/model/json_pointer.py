"""Paths of properties as JSON Pointers (RFC 6901), and back."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.objects import Path


def pointer(path: Sequence[str]) -> str:
    """`/callbackConfiguration/timeoutDuration`."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def path_of(json_pointer: str) -> Path:
    """The path that the pointer was made of."""
    parts = json_pointer.split("/")[1:]
    # In this order: "~01" means "~1", not "/".
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
