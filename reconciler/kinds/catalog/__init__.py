"""Access package catalogs, which contain extensions: read, by id or by a unique name."""

from reconciler.kinds.catalog.api import API, observe
from reconciler.loader import desired_object
from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.kind import Kind, Permission
from reconciler.model.objects import NAME

__all__ = ["CATALOG"]


FIELDS = Fields({NAME: Field(as_written, own=True)})

CATALOG = Kind(
    name="catalog",
    plural="catalogs",
    parents=(),
    fields=FIELDS,
    api=API,
    observe=observe,
    bodies=lambda _ref, _before, _after: (),
    declare=lambda declaration: desired_object(declaration, FIELDS),
    content=lambda observed: {"id": observed.ref.id, "name": observed.ref.display_name},
    permission=Permission(
        write="EntitlementManagement.ReadWrite.All",
        role="Catalog owner",
    ),
    lists_unmanaged=False,
)
