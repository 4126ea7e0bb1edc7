"""Access package catalogs, which contain extensions: named by documents, or declared by them."""

from reconciler.kinds.catalog.api import API
from reconciler.kinds.catalog.fields import FIELDS
from reconciler.kinds.catalog.guard import guard
from reconciler.kinds.catalog.wire import bodies, content, observe
from reconciler.loader import desired_object
from reconciler.model.kind import Kind, Permission

__all__ = ["CATALOG"]

CATALOG = Kind(
    name="catalog",
    plural="catalogs",
    parents=(),
    fields=FIELDS,
    api=API,
    observe=observe,
    bodies=bodies,
    content=content,
    permission=Permission(
        write="EntitlementManagement.ReadWrite.All",
        role="Catalog owner",
        note="to create a catalog, the role Catalog creator",
    ),
    declare=lambda declaration: desired_object(declaration, FIELDS),
    guard=guard,
    sends_differences=True,
    no_role_inside="no_role_in_new_catalog",
    reasons={
        "built_in_catalog": (
            "the built-in catalog cannot be changed ({paths}); declare what is live, or only its"
            " name"
        ),
        # Whether the creator becomes an owner is documented for users alone (docs/graph.md §1.1).
        "no_role_in_new_catalog": (
            "{error} The catalog was created in this run, and the identity that created it has no"
            " role in it; assign it the role Catalog owner there, then run apply again."
        ),
    },
    lists_unmanaged=False,
)
