"""A catalog on the wire: read from an answer, and written into the bodies of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.kinds.catalog.fields import CONTENTS, FIELDS, TIMES
from reconciler.model.answers import identifier, text_or_none
from reconciler.model.fields import as_json
from reconciler.model.json_values import JsonObject, JsonValue, without_nulls
from reconciler.model.kind import Body
from reconciler.model.objects import ObjectRef, Observed, Parents, Path, Value


def observe(_parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The catalog in the body of an answer.

    Its undocumented members are not listed as such: an update does not touch them.

    Raises:
        ServiceAnswerError: the body has no usable id.
    """
    name = text_or_none(body.get("displayName"))
    return Observed(
        ref=ObjectRef("catalog", identifier(body, "a catalog").lower(), name),
        parents=(),
        properties=FIELDS.observed(body),
        raw=body,
        last_modified_at=text_or_none(body.get("modifiedDateTime")),
    )


def bodies(_ref: ObjectRef, before: Observed | None, after: Mapping[Path, Value]) -> Sequence[Body]:
    """The members that differ from before; for a create all that have a value.

    Source: docs/graph.md §1.1 (PATCH keeps what the body omits).
    """
    former = before.properties if before else {}
    changed = {path: value for path, value in after.items() if former.get(path) != value}
    return (Body(FIELDS.body(changed)),)


def content(observed: Observed) -> JsonValue:
    """Everything in the answer but times, annotations, copies of other objects, and nulls; texts
    that are empty are null.
    """
    members: JsonObject = {
        name: value
        for name, value in observed.raw.items()
        if "@" not in name and name not in (*TIMES, *CONTENTS)
    }
    known = {path[0]: as_json(value) for path, value in observed.properties.items()}
    return without_nulls({**members, **known, "id": observed.ref.id})
