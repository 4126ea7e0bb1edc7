"""Extensions ⇄ Graph's JSON: both names of the timeout, both forms of an answer, the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.kinds.extension.fields import (
    FIELDS,
    TIMEOUT,
    TIMEOUT_IN_DOCUMENTS,
    TIMEOUT_PATH,
)
from reconciler.model.answers import identifier, text_or_none
from reconciler.model.fields import as_json
from reconciler.model.json_values import JsonValue, without_nulls
from reconciler.model.kind import Body
from reconciler.model.objects import ObjectRef, Observed, Parents, Path, Value
from reconciler.model.odata import ODATA_TYPE, odata_type

NAMES = (TIMEOUT, TIMEOUT_IN_DOCUMENTS)


def observe(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The extension in the body of an answer, bare or wrapped in `value` (docs/graph.md §2.1).

    Raises:
        ServiceAnswerError: the body has no usable id.
    """
    inner = body.get("value")
    if body.get("id") is None and isinstance(inner, Mapping):
        body = inner
    extension_id, type_name = (
        identifier(body, "an extension"),
        FIELDS.short_type(body.get(ODATA_TYPE)),
    )
    return Observed(
        ref=ObjectRef(
            "extension",
            extension_id,
            text_or_none(body.get("displayName")),
            type_name,
        ),
        parents=parents,
        properties=FIELDS.observed(body),
        raw=body,
        known=type_name in FIELDS.types,
        unknown=FIELDS.unknown(body),
        last_modified_at=text_or_none(body.get("lastModifiedDateTime")),
        last_modified_by=text_or_none(body.get("lastModifiedBy")),
    )


def bodies(ref: ObjectRef, before: Observed | None, after: Mapping[Path, Value]) -> Sequence[Body]:
    """The body under each name of the timeout; one body if there is none.

    A timeout that does not change goes first under the name that Graph used for it, any other under
    the name of the schema (docs/graph.md §2.4).
    """
    timeout = after.get(TIMEOUT_PATH)
    if timeout is None:
        return (_body(ref, after, TIMEOUT, spelling=""),)
    kept = before is not None and before.properties.get(TIMEOUT_PATH) == timeout
    first = _name_in(before) if before is not None and kept else TIMEOUT
    return tuple(
        _body(ref, after, name, spelling=name)
        for name in sorted(NAMES, key=lambda name: name != first)
    )


def content(observed: Observed) -> dict[str, Any]:
    """Everything in the answer but who wrote it and when, annotations, and nulls at every depth."""
    properties = sorted(observed.properties.items())
    unknown = {name: _member(observed.raw, name) for name in observed.unknown}
    return {
        "id": observed.ref.id,
        "type": observed.ref.type,
        "properties": [
            [list(path), _plain(value)] for path, value in properties if value is not None
        ],
        "unknown": without_nulls(unknown),
    }


def _plain(value: Value) -> JsonValue:
    content = as_json(value)
    return without_nulls(content) if isinstance(content, dict) else content


def _member(raw: Mapping[str, Any], path: str) -> JsonValue:
    """The undocumented member; its own name may contain a slash."""
    outer, _, inner = path.partition("/")
    value: JsonValue = raw[path] if path in raw else raw[outer][inner]
    return value


def _body(ref: ObjectRef, after: Mapping[Path, Value], name: str, *, spelling: str) -> Body:
    members = FIELDS.body(after, {TIMEOUT_PATH: name})
    return Body({ODATA_TYPE: odata_type(str(ref.type)), **members}, spelling)


def _name_in(observed: Observed) -> str:
    """The name that the answer uses for the callback timeout."""
    callback = observed.raw.get(TIMEOUT_PATH[0])
    if not isinstance(callback, Mapping) or callback.get(TIMEOUT):
        return TIMEOUT
    return TIMEOUT_IN_DOCUMENTS if TIMEOUT_IN_DOCUMENTS in callback else TIMEOUT
