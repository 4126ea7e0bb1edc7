"""Rules on an extension as a whole, with the defaults of its document merged in."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.kinds.extension.fields import (
    ASSIGNMENT_TYPE,
    BEARER,
    ENDPOINT,
    FIELDS,
    LOGIC_APP,
    POP,
)
from reconciler.loader.names import listed, missing
from reconciler.model.fault import Fault, Placed, fault_at
from reconciler.model.kind import Declaration
from reconciler.model.nodes import Mapping, Node, member, text_of
from reconciler.model.odata import ODATA_TYPE

_AUTHENTICATION = "authenticationConfiguration"
_CALLBACK = "callbackConfiguration"
_REQUIRED = (ODATA_TYPE, ENDPOINT, _AUTHENTICATION)
_KNOWN = ("id", ODATA_TYPE, *FIELDS.top)
_AUTHENTICATION_MEMBERS = (ODATA_TYPE, "resourceId")
_NEEDED_MEMBERS = {
    ENDPOINT: (LOGIC_APP, (ODATA_TYPE, *LOGIC_APP, "url")),
    _AUTHENTICATION: ((ODATA_TYPE,), _AUTHENTICATION_MEMBERS),
}
"""Configuration → its required members, all its members."""


def rules(declaration: Declaration, invalid: Collection[Node]) -> Iterator[Fault]:
    """R103, R203 and R206 of one merged extension; a value that has its own error counts as
    present.

    Source: docs/graph.md §2.2 (what is required, and of which type), docs/graph.md §2.7
        (resourceId).
    """
    body = declaration.merged
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
    type_node = member(body, ODATA_TYPE)
    if type_node in invalid or FIELDS.short_type(text_of(type_node)) != ASSIGNMENT_TYPE:
        return
    if isinstance(member(body, _CALLBACK), Mapping):
        message = (
            f"`{_CALLBACK}` is not supported on {ASSIGNMENT_TYPE} (that type has no callback)."
        )
        hint = (
            f"Remove it. If it comes from `defaults`, write `{_CALLBACK}: null` in this extension."
        )
        yield fault_at(body.entries[_CALLBACK], "R203", message, hint)


def _resource_fault(body: Mapping, invalid: Collection[Node]) -> Iterator[Fault]:
    authentication = member(body, _AUTHENTICATION)
    type_node = member(authentication, ODATA_TYPE)
    if not isinstance(authentication, Mapping) or type_node in invalid:
        return
    type_name, entries = FIELDS.short_type(text_of(type_node)), authentication.entries
    if type_name == BEARER and missing(entries, ("resourceId",), _AUTHENTICATION_MEMBERS):
        message = f"`resourceId` is required with {BEARER}."
        hint = "Add `resourceId`, the application id of the resource that the token is for."
        yield fault_at(body.entries[_AUTHENTICATION], "R206", message, hint)
    if type_name == POP and "resourceId" in entries:
        message = f"`resourceId` is not allowed with {POP}."
        hint = f"Remove `resourceId`, or use {BEARER}."
        yield fault_at(entries["resourceId"], "R206", message, hint)
