"""Graph's JSON ⇄ the model: both timeout names, both forms of a type name, the `value` wrapper of
the examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import GraphAnswerError
from reconciler.model.canonical import GUID, canonical, unknown_members
from reconciler.model.extension import ObservedExtension
from reconciler.model.types import (
    COMPLEX_PROPERTIES,
    ODATA_TYPE,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    ComplexProperty,
    JsonValue,
    Properties,
    odata_type,
    short_type,
)

MAX_ID_LENGTH = 128


def observed_extension(body: Mapping[str, Any]) -> ObservedExtension:
    """The extension in the body of an answer, bare or wrapped in `value` (docs/graph.md §2.1).

    Raises:
        GraphAnswerError: the body has no usable id.
    """
    inner = body.get("value")
    if body.get("id") is None and isinstance(inner, Mapping):
        body = inner
    extension_id, name = identifier(body, "an extension"), body.get("displayName")
    callback = body.get("callbackConfiguration")
    old_name = (
        isinstance(callback, Mapping)
        and not callback.get(TIMEOUT)
        and TIMEOUT_IN_DOCUMENTS in callback
    )
    return ObservedExtension(
        id=extension_id.lower() if GUID.fullmatch(extension_id) else extension_id,
        display_name=name if isinstance(name, str) else None,
        type=short_type(body.get(ODATA_TYPE)),
        properties=canonical(body),
        last_modified_at=_text(body.get("lastModifiedDateTime")),
        last_modified_by=_text(body.get("lastModifiedBy")),
        timeout_name=TIMEOUT_IN_DOCUMENTS if old_name else TIMEOUT,
        unknown=unknown_members(body),
    )


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
    if (
        len(value) > MAX_ID_LENGTH
        or not (value.isascii() and value.isprintable())
        or value in (".", "..")
    ):
        raise GraphAnswerError(
            f"Graph returned {of} with an unusable id ({len(value)} characters)."
        )
    return value


def request_body(
    type_name: str, properties: Mapping[str, JsonValue], timeout_name: str = TIMEOUT
) -> Properties:
    """The body of a POST or PUT: bare, types written with `#`, the timeout under the given name.

    Members that the object's type does not have are omitted: they belong to its former type. A
    cleared `url` is omitted too, so that Graph computes it (docs/graph.md §2.6).
    """
    body: Properties = {ODATA_TYPE: odata_type(type_name)}
    for name, value in properties.items():
        kind = COMPLEX_PROPERTIES.get(name)
        body[name] = (
            _object(kind, value, timeout_name) if kind and isinstance(value, dict) else value
        )
    return body


def _object(kind: ComplexProperty, value: Properties, timeout_name: str) -> Properties:
    type_name = str(value.get(ODATA_TYPE) or kind.default_type or "")
    members = kind.members.get(type_name)
    result: Properties = {ODATA_TYPE: odata_type(type_name)} if type_name else {}
    for member, content in value.items():
        if (
            member != ODATA_TYPE
            and (members is None or member in members)
            and not (member == "url" and content is None)
        ):
            result[timeout_name if member == TIMEOUT else member] = content
    return result


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
