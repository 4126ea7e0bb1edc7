"""Rules on an extension as a whole, with the defaults of its document merged in."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.model.fault import Fault, Placed, fault_at
from reconciler.loader.names import listed, missing
from reconciler.model.nodes import Mapping, Node, member, text_of
from reconciler.model.types import (
    ASSIGNMENT_TYPE,
    LOGIC_APP,
    ODATA_TYPE,
    WRITABLE_PROPERTIES,
    short_type,
)

_BEARER, _POP = "azureAdTokenAuthentication", "azureAdPopTokenAuthentication"
_REQUIRED = (ODATA_TYPE, "endpointConfiguration", "authenticationConfiguration")
_KNOWN = ("id", ODATA_TYPE, *WRITABLE_PROPERTIES)
_AUTHENTICATION = (ODATA_TYPE, "resourceId")
_NEEDED_MEMBERS = {
    "endpointConfiguration": (LOGIC_APP, (ODATA_TYPE, *LOGIC_APP, "url")),
    "authenticationConfiguration": ((ODATA_TYPE,), _AUTHENTICATION),
}
"""Configuration → its required members, all its members."""


def extension_faults(body: Mapping, invalid: Collection[Node]) -> Iterator[Fault]:
    """R103, R203 and R206 of one merged extension; a value that has its own error counts as
    present.

    Source: docs/graph.md §2.2 (what is required, and of which type), docs/graph.md §2.7
        (resourceId).
    """
    yield from _missing_faults(body)
    yield from _callback_fault(body, invalid)
    yield from _resource_fault(body, invalid)


def _missing_faults(body: Mapping) -> Iterator[Fault]:
    place = body.entries.get("displayName", body)
    for name in missing(body.entries, _REQUIRED, _KNOWN):
        members = _NEEDED_MEMBERS.get(name, ((), ()))[0]
        yield _missing_fault(
            place, f"`{name}`", f"`{name}`" + (f" with {listed(members)}" if members else "")
        )
    for outer, (needed, known) in _NEEDED_MEMBERS.items():
        inner = member(body, outer)
        if isinstance(inner, Mapping):
            for name in missing(inner.entries, needed, known):
                yield _missing_fault(place, f"`{outer}.{name}`", f"`{name}`")


def _missing_fault(place: Placed, what: str, wanted: str) -> Fault:
    message = f"{what} is missing in the extension and in `defaults`."
    return fault_at(place, "R103", message, f"Add {wanted} to the extension or to `defaults`.")


def _callback_fault(body: Mapping, invalid: Collection[Node]) -> Iterator[Fault]:
    kind = member(body, ODATA_TYPE)
    if kind in invalid or short_type(text_of(kind)) != ASSIGNMENT_TYPE:
        return
    if isinstance(member(body, "callbackConfiguration"), Mapping):
        message = (
            f"`callbackConfiguration` is not supported on {ASSIGNMENT_TYPE} (that type has no"
            " callback)."
        )
        hint = (
            "Remove it. If it comes from `defaults`, write `callbackConfiguration: null` in this"
            " extension."
        )
        yield fault_at(body.entries["callbackConfiguration"], "R203", message, hint)


def _resource_fault(body: Mapping, invalid: Collection[Node]) -> Iterator[Fault]:
    authentication = member(body, "authenticationConfiguration")
    kind = member(authentication, ODATA_TYPE)
    if not isinstance(authentication, Mapping) or kind in invalid:
        return
    name = short_type(text_of(kind))
    if name == _BEARER and missing(authentication.entries, ("resourceId",), _AUTHENTICATION):
        place = body.entries["authenticationConfiguration"]
        hint = "Add `resourceId`, the application id of the resource that the token is for."
        yield fault_at(place, "R206", f"`resourceId` is required with {_BEARER}.", hint)
    if name == _POP and "resourceId" in authentication.entries:
        hint = f"Remove `resourceId`, or use {_BEARER}."
        yield fault_at(
            authentication.entries["resourceId"],
            "R206",
            f"`resourceId` is not allowed with {_POP}.",
            hint,
        )
