"""Assignment policies of access packages: which extensions they call. Read on demand."""

from reconciler.kinds.policy.api import API
from reconciler.kinds.policy.wire import FIELDS, observe
from reconciler.loader import desired_object
from reconciler.model.json_values import without_nulls
from reconciler.model.kind import Kind, Permission

__all__ = ["POLICY"]

POLICY = Kind(
    name="policy",
    plural="policies",
    parents=("catalog", "access_package"),
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
