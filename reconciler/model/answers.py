"""Members that every object in an answer has, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import GraphAnswerError

MAX_ID_LENGTH = 128


def identifier(body: Mapping[str, Any], of: str) -> str:
    """The id in the body of an answer, for use in URLs, messages and plans; `of` names the object.

    Microsoft's ids are GUIDs. Others are accepted if they are safe in a URL and on a terminal.

    Raises:
        GraphAnswerError: there is no id, or it is too long, not printable ASCII, or `.` or `..`,
            which change the path of a URL.
    """
    value = body.get("id")
    if not isinstance(value, str) or not value:
        raise GraphAnswerError(f"Graph returned {of} without an id.")
    readable = value.isascii() and value.isprintable() and value not in (".", "..")
    if len(value) > MAX_ID_LENGTH or not readable:
        raise GraphAnswerError(
            f"Graph returned {of} with an unusable id ({len(value)} characters)."
        )
    return value


def text_or_none(value: object) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None
