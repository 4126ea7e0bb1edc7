"""One declaration → the desired object, by the table of its kind."""

from __future__ import annotations

from typing import Any, cast

from reconciler.loader.format import number_names
from reconciler.model.fields import Fields
from reconciler.model.kind import Declaration
from reconciler.model.nodes import data_of
from reconciler.model.objects import Desired, ObjectRef
from reconciler.model.odata import ODATA_TYPE


def desired_object(declaration: Declaration, fields: Fields) -> Desired:
    """The declared object with its canonical properties. Only for a declaration without errors."""
    body = cast("dict[str, Any]", data_of(declaration.merged, number_names(fields)))
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
