"""One declaration of an extension → the desired extension."""

from __future__ import annotations

from dataclasses import replace

from reconciler.kinds.extension.fields import FIELDS
from reconciler.loader.desired import desired_object
from reconciler.model.kind import Declaration
from reconciler.model.objects import Desired


def declare(declaration: Declaration) -> Desired:
    """The desired extension. Only for a declaration without errors.

    The assignment type has no callback: a null for it, which clears one from `defaults`, is not a
    property of the extension.
    """
    desired = desired_object(declaration, FIELDS)
    kept = {
        path: value
        for path, value in desired.properties.items()
        if FIELDS.has(desired.ref.type, path)
    }
    return replace(desired, properties=kept)
