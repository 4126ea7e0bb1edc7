"""One declaration of an extension → the desired extension."""

from __future__ import annotations

from dataclasses import replace

from reconciler.kinds.extension.fields import ASSIGNMENT_TYPE, FIELDS, TIMEOUT_PATH
from reconciler.loader.desired import desired_object
from reconciler.model.kind import Declaration
from reconciler.model.objects import Desired


def declare(declaration: Declaration) -> Desired:
    """The desired extension. Only for a declaration without errors.

    The assignment type has no callback: a null for it, which clears one from `defaults`, is not a
    property of the extension.
    """
    desired = desired_object(declaration, FIELDS)
    if desired.ref.type != ASSIGNMENT_TYPE:
        return desired
    callback = TIMEOUT_PATH[0]
    kept = {path: value for path, value in desired.properties.items() if path[0] != callback}
    return replace(desired, properties=kept)
