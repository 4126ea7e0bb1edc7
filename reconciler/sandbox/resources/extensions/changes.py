"""From an accepted body to the stored object: members that the server sets, the url, merge or
replace.
"""

from typing import Final
from uuid import uuid4

from reconciler.sandbox.access_endpoints import access_endpoint
from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError, invalid_model
from reconciler.sandbox.resources.extensions.bodies import TRIPLE
from reconciler.sandbox.switches import Switches
from reconciler.sandbox.texts import kept_text
from reconciler.sandbox.timestamps import timestamp

AUTHOR: Final = "owner@contoso.example"
CLEARED: Final[Json] = dict.fromkeys(
    ("description", "callbackConfiguration", "clientConfiguration")
)
"""What an extension holds of the optional members that were never sent."""


def created(parsed: Json, switches: Switches) -> Json:
    """The new object: the members of the body, plus id, dates, authors and url (docs/graph.md §2.2,
    §2.6).
    """
    now = timestamp()
    return {
        **CLEARED,
        **parsed,
        "description": kept_text(parsed.get("description"), switches),
        "endpointConfiguration": with_url(parsed["endpointConfiguration"], None, switches),
        "id": str(uuid4()),
        "createdDateTime": now,
        "lastModifiedDateTime": now,
        "createdBy": AUTHOR,
        "lastModifiedBy": AUTHOR,
    }


def updated(stored: Json, parsed: Json, switches: Switches) -> Json:
    """The object after a PUT; whether absent members are kept or cleared is a switch
    (docs/graph.md §1.5).

    Nested objects are always replaced as a whole; required members that are absent keep their
    value.
    Raises: GraphError 400 if the type differs: it cannot be changed (docs/graph.md §2.3).
    """
    if parsed["@odata.type"] != stored["@odata.type"]:
        raise invalid_model("The type of an existing object cannot be changed.")
    cleared = CLEARED if switches.put == "replace" else {}
    changed = {**stored, **cleared, **parsed}
    if "endpointConfiguration" in parsed:
        earlier = stored["endpointConfiguration"]
        changed["endpointConfiguration"] = with_url(
            parsed["endpointConfiguration"], earlier, switches
        )
    changed["description"] = kept_text(changed.get("description"), switches)
    return {**changed, "lastModifiedDateTime": timestamp(), "lastModifiedBy": AUTHOR}


def with_url(endpoint: Json, earlier: Json | None, switches: Switches) -> Json:
    """The endpoint with its url: the one sent, else the former one of the same Logic App, else a
    computed one.

    With an explicit null it is computed.
    Raises: GraphError 403 if the switch refuses to compute it for an application
        (docs/graph.md §2.6, §3).
    """
    if endpoint.get("url"):
        return endpoint
    if earlier and "url" not in endpoint and _triple(endpoint) == _triple(earlier):
        return {**endpoint, "url": earlier["url"]}
    if switches.app_only_without_url == "refuse":
        raise GraphError(
            403,
            "UnauthorizedClientAppOnBehalfOfUnsupported",
            "An application cannot look up the Logic App on a user's behalf; send"
            " endpointConfiguration/url.",
        )
    return {**endpoint, "url": trigger_url(endpoint)}


def trigger_url(endpoint: Json) -> str:
    """The trigger url of a Logic App, in the form of docs/graph.md §2.6; always the same for the
    same Logic App.
    """
    stem = access_endpoint(*(str(endpoint[name]) for name in TRIPLE))
    return f"{stem}/triggers/manual/paths/invoke?api-version=2016-10-01"


def _triple(endpoint: Json) -> tuple[str, ...]:
    # Azure Resource Manager ignores case in all three (docs/graph.md §2.6).
    return tuple(str(endpoint[name]).lower() for name in TRIPLE)
