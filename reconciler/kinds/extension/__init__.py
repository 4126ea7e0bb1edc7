"""Custom workflow extensions: what a catalog calls at the stages of a request or an assignment."""

from reconciler.kinds.extension.api import API
from reconciler.kinds.extension.declare import declare
from reconciler.kinds.extension.fields import FIELDS
from reconciler.kinds.extension.guard import guard
from reconciler.kinds.extension.rules import rules
from reconciler.kinds.extension.target import logic_app
from reconciler.kinds.extension.value_rules import shared_access_fault, value_rules
from reconciler.kinds.extension.wire import bodies, content, observe
from reconciler.model.kind import Kind, Permission

__all__ = ["EXTENSION"]

EXTENSION = Kind(
    name="extension",
    plural="extensions",
    parents=("catalog",),
    fields=FIELDS,
    api=API,
    observe=observe,
    bodies=bodies,
    content=content,
    permission=Permission(
        write="EntitlementManagement.ReadWrite.All",
        role="Catalog owner",
        note="a signed-in user also needs Logic App Contributor on the Logic App",
    ),
    declare=declare,
    rules=rules,
    value_rules=value_rules,
    secret_rule=shared_access_fault,
    guard=guard,
    target=logic_app,
    # Graph looks the url up for a signed-in user alone (docs/graph.md §2.6).
    refusals={"UnauthorizedClientAppOnBehalfOfUnsupported": "needs_url"},
    reasons={
        "accepted_spelling": "Graph accepted the timeout as {spelling}, not as {other_spelling}",
        "no_spelling_kept": "Graph dropped the timeout under both of its names",
        "other_spelling_failed": (
            "Graph dropped the timeout; sending it as {spelling} failed too: {error}"
        ),
        "looks_renamed": (
            'a planned create, "{name}", is of the same type and calls the same Logic App; if it is'
            " this extension under a new name, add id: {id} to its declaration; else declare this"
            " one with ensure: absent"
        ),
        "needs_url": (
            "{error} An application must declare endpointConfiguration/url (without sig, sp, sv)."
        ),
    },
)
