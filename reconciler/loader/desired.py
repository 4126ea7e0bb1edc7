"""One declaration → the desired object, by the table of its kind."""

from __future__ import annotations

from typing import Any, cast

from reconciler.loader.format import json_types
from reconciler.model.fields import Fields
from reconciler.model.kind import Declaration, Kind
from reconciler.model.nodes import Node, data_of, member, text_of
from reconciler.model.objects import Desired, ObjectRef
from reconciler.model.odata import ODATA_TYPE


def desired_object(declaration: Declaration, fields: Fields) -> Desired:
    """The declared object with its canonical properties. Only for a declaration without errors."""
    body = cast("dict[str, Any]", data_of(declaration.merged, json_types(fields)))
    return Desired(
        ref=ObjectRef(
            declaration.kind,
            declaration.pinned_id,
            declaration.display_name,
            fields.short_type(body.get(ODATA_TYPE)) or None,
        ),
        parents=declaration.parents,
        properties=fields.canonical(body),
        source=declaration.source,
        inherited=declaration.inherited,
    )


def absent_object(declaration: Declaration, kind: Kind) -> Desired:
    """The object that must not exist: what identifies it. Only for a declaration without errors."""
    type_name = text_of(member(declaration.written, ODATA_TYPE))
    return Desired(
        ref=ObjectRef(
            declaration.kind,
            declaration.pinned_id,
            declaration.display_name,
            kind.fields.short_type(type_name) or None,
        ),
        parents=declaration.parents,
        properties={},
        source=declaration.source,
        absent=True,
    )


def referred(kind: str, node: Node | None) -> ObjectRef | None:
    """The object of this kind that a value names: a display name, or `{id: …}`; None for null."""
    object_id, name = text_of(member(node, "id")), text_of(node)
    if object_id is None and name is None:
        return None
    return ObjectRef(kind, object_id.lower() if object_id else None, name)
