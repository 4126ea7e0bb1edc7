"""Access packages: in a catalog, with the policies in them. Read on demand, never written."""

from reconciler.kinds.access_package.api import API, observe
from reconciler.loader import desired_object
from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.json_values import without_nulls
from reconciler.model.kind import Kind, Permission
from reconciler.model.objects import NAME

__all__ = ["ACCESS_PACKAGE"]

FIELDS = Fields({NAME: Field(as_written, own=True)})

ACCESS_PACKAGE = Kind(
    name="access_package",
    plural="accessPackages",
    parents=("catalog",),
    fields=FIELDS,
    api=API,
    observe=observe,
    bodies=lambda _ref, _before, _after: (),
    declare=lambda declaration: desired_object(declaration, FIELDS),
    content=lambda observed: without_nulls(dict(observed.raw)),
    permission=Permission(
        write="EntitlementManagement.ReadWrite.All",
        role="Access package manager",
        read_all="EntitlementManagement.Read.All",
    ),
    lists_unmanaged=False,
    on_demand=True,
)
