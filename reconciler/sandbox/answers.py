"""From a stored object to the JSON of an answer, for every resource, as the switches say."""

from collections.abc import Sequence
from typing import Final, TypeVar

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.switches import ExpandedWay, Switches, Way

Shown = TypeVar("Shown")

# Unknown members are normal in Graph: clients have to ignore them (docs/graph.md §2.2).
EXTRA_MEMBERS: Final[Json] = {
    "@microsoft.graph.tips": "Use $select to choose only the properties your app needs.",
    "displayName@odata.type": "#String",
    "isVerifiedByService": True,
    "serviceMetadata": {"ring": "prod", "revision": 3},
}


HIDDEN: Final = "betaOnly"
"""The stored member that holds what no answer of v1.0 shows."""
# Objects that an object refers to are shown by $expand only (docs/graph.md §7.2).
_NAVIGATIONS: Final = ("accessPackage", "catalog", "customExtensionStageSettings", "questions")
_NOT_PLAIN: Final = (*_NAVIGATIONS, HIDDEN)


def plain_answer(document: Json, switches: Switches) -> Json:
    """A catalog, access package or policy without what it refers to, plus extra members if the
    switch says so.
    """
    answer = {name: value for name, value in document.items() if name not in _NOT_PLAIN}
    return {**answer, **EXTRA_MEMBERS} if switches.extra_properties else answer


def expanded(name: str, documents: Sequence[Json], way: ExpandedWay, switches: Switches) -> Json:
    """The member `name` that an expanded collection adds to an answer; no member if it is absent.

    Raises: GraphError 403 or 404, if the switch says so.
    """
    if way == "absent":
        return {}
    return {name: [plain_answer(document, switches) for document in shown(documents, way)]}


def shown(objects: Sequence[Shown], way: Way) -> Sequence[Shown]:
    """What one way of reading a collection shows of it (docs/graph.md §7.2).

    Raises: GraphError 403 or 404, if the switch says so.
    """
    if way == "403":
        raise GraphError(403, "UnAuthorized", "The caller is not authorized to read this.")
    if way == "404":
        raise GraphError(404, "ResourceNotFound", "There is nothing here that the caller can read.")
    return {"complete": objects, "partial": objects[1::2], "empty": ()}[way]
