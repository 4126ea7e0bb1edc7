"""One declaration of a policy → the desired stages of a policy that exists."""

from __future__ import annotations

from reconciler.kinds.policy.fields import PACKAGE, SETTINGS
from reconciler.loader.desired import referred
from reconciler.model.kind import Declaration
from reconciler.model.nodes import Mapping, member
from reconciler.model.objects import Desired, ObjectRef, Properties


def declare(declaration: Declaration) -> Desired:
    """The desired policy, with the extension of each declared stage; None where nothing is called.
    Only for a declaration without errors.
    """
    package = referred("access_package", member(declaration.written, PACKAGE))
    if package is None:
        raise AssertionError("the schema requires an access package")
    return Desired(
        ref=ObjectRef("policy", declaration.pinned_id, declaration.display_name),
        parents=(*declaration.parents, package),
        properties=_stages(declaration.written),
        source=declaration.source,
    )


def _stages(written: Mapping) -> Properties:
    settings = member(written, SETTINGS)
    entries = settings.entries if isinstance(settings, Mapping) else {}
    return {
        (SETTINGS, stage): referred("extension", entry.value) for stage, entry in entries.items()
    }
