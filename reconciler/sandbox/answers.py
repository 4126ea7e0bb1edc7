"""From a stored object to the JSON of an answer, for every resource, as the switches say."""

from typing import Final

from reconciler.sandbox.checks import Json
from reconciler.sandbox.switches import Switches

# Unknown members are normal in Graph: clients have to ignore them (docs/graph.md §2.2).
EXTRA_MEMBERS: Final[Json] = {
    "@microsoft.graph.tips": "Use $select to choose only the properties your app needs.",
    "displayName@odata.type": "#String",
    "isVerifiedByService": True,
    "serviceMetadata": {"ring": "prod", "revision": 3},
}


def plain_answer(document: Json, switches: Switches) -> Json:
    """A catalog, access package or policy: as stored, plus extra members if the switch says so."""
    return {**document, **EXTRA_MEMBERS} if switches.extra_properties else document
