"""Members that every object in an answer has, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import ServiceAnswerError
from reconciler.model.names import GUID

MAX_ID_LENGTH = 128


def identifier(body: Mapping[str, Any], of: str) -> str:
    """The id in the body of an answer, for use in URLs, messages and plans; `of` names the object.

    Microsoft's ids are GUIDs, which come in lower case. Others are accepted as they are if they are
    safe in a URL and on a terminal.

    Raises:
        ServiceAnswerError: there is no id, or it is too long, not printable ASCII, or `.` or `..`,
            which change the path of a URL, or `None`, which stands for a missing id.
    """
    value = body.get("id")
    if not isinstance(value, str) or not value:
        raise ServiceAnswerError(f"Graph returned {of} without an id.")
    readable = value.isascii() and value.isprintable() and value not in (".", "..", "None")
    if len(value) > MAX_ID_LENGTH or not readable:
        raise ServiceAnswerError(
            f"Graph returned {of} with an unusable id ({len(value)} characters)."
        )
    return value.lower() if GUID.fullmatch(value) else value


def text_or_none(value: object) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None


def expanded_object(body: Mapping[str, Any], member: str, of: str) -> Mapping[str, Any]:
    """The object that the body refers to, which `$expand` asked for.

    Raises:
        ServiceAnswerError: it is absent: it was not read, which does not mean that there is none.
    """
    value = body.get(member)
    if not isinstance(value, Mapping):
        raise ServiceAnswerError(f"Graph returned {of} without {member}, which was requested.")
    return value


def expanded_list(body: Mapping[str, Any], member: str, of: str) -> list[Mapping[str, Any]]:
    """The objects that the body refers to, which `$expand` asked for (docs/graph.md §1.3).

    Raises:
        ServiceAnswerError: they are absent, or not all in the body.
    """
    values = body.get(member)
    if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
        raise ServiceAnswerError(f"Graph returned {of} without {member}, which was requested.")
    refuse_parts(body, of)
    return values


def refuse_parts(body: Mapping[str, Any], of: str) -> None:
    """Refuses an object of which an inner list goes on at another link: it was not read whole.

    Raises:
        ServiceAnswerError: there is such a list, at any depth.
    """
    for name, value in body.items():
        member, at, annotation = name.rpartition("@")
        if at and annotation == "odata.nextLink" and value is not None:
            raise ServiceAnswerError(f"Graph returned {of} with only a part of {member}.")
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Mapping):
                refuse_parts(inner, of)
