"""From a stored extension to the JSON of an answer, as the switches say (docs/graph.md §2.9)."""

from typing import Final

from reconciler.sandbox.answers import EXTRA_MEMBERS
from reconciler.sandbox.checks import Json
from reconciler.sandbox.resources.extensions.bodies import EXPIRY_TYPE, TIMEOUT_NAMES
from reconciler.sandbox.switches import Switches

_EXTRA_NESTED: Final[Json] = {
    "@odata.etag": 'W/"3"',
    "region": "westeurope",
    "ownerTags": ["a", None],
}
_NESTED: Final = (
    "endpointConfiguration",
    "authenticationConfiguration",
    "clientConfiguration",
    "callbackConfiguration",
)


def extension_answer(document: Json, switches: Switches) -> Json:
    """An extension: timeout under the chosen name, callback absent on the expiry type
    (docs/graph.md §2.9).
    """
    answer = dict(document)
    if answer["@odata.type"] == f"#{EXPIRY_TYPE}":
        answer.pop("callbackConfiguration", None)
    elif answer.get("callbackConfiguration"):
        answer["callbackConfiguration"] = _callback(answer["callbackConfiguration"], switches)
    if switches.extra_properties:
        nested = {name: {**answer[name], **_EXTRA_NESTED} for name in _NESTED if answer.get(name)}
        answer = {**answer, **nested, **EXTRA_MEMBERS}
    return answer


def referenced_extension(document: Json, switches: Switches) -> Json:
    """An extension in a stage setting: no callback and client members, as in the docs
    (docs/graph.md §2.9).
    """
    answer = extension_answer(document, switches)
    return {
        name: value
        for name, value in answer.items()
        if name not in ("callbackConfiguration", "clientConfiguration")
    }


def _callback(stored: Json, switches: Switches) -> Json:
    # The stored type has no '#', like the documented answers of this one object
    # (docs/graph.md §2.3).
    answer = {name: value for name, value in stored.items() if name != "timeoutDuration"}
    names = TIMEOUT_NAMES if switches.timeout_answer == "both" else (switches.timeout_answer,)
    duration = stored.get("timeoutDuration")
    # A timeout that was never accepted is omitted: no default is documented, so none is invented.
    return {**answer, **(dict.fromkeys(names, duration) if duration else {})}
