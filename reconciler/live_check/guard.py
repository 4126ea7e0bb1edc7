"""Which writes of a live check may leave: creates of and in own catalogs, and changes of own
objects. Everything else is refused by the transport, and nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.live_check.owned import ID, Owned
from reconciler.model.live_facts import CATALOG_PREFIX
from reconciler.model.strict_json import InvalidJsonError, parsed

_BASE = "identityGovernance/entitlementManagement/"
_ID = ID.pattern
_ROUTES = {
    "catalogs": re.compile("catalogs"),
    "packages": re.compile("accessPackages"),
    "policies": re.compile("assignmentPolicies"),
    "extensions": re.compile(rf"catalogs/(?P<catalog>{_ID})/customWorkflowExtensions"),
    "catalog": re.compile(rf"catalogs/(?P<catalog>{_ID})"),
    "package": re.compile(rf"accessPackages/(?P<package>{_ID})"),
    "policy": re.compile(rf"assignmentPolicies/(?P<policy>{_ID})"),
    "extension": re.compile(
        rf"catalogs/(?P<catalog>{_ID})/customWorkflowExtensions/(?P<extension>{_ID})"
    ),
}
_METHODS = {
    "catalogs": ("POST",),
    "packages": ("POST",),
    "policies": ("POST",),
    "extensions": ("POST",),
    "catalog": ("DELETE",),
    "package": ("DELETE",),
    "policy": ("PUT", "DELETE"),
    "extension": ("PUT", "DELETE"),
}
_REFERENCES = ("catalog", "accessPackage", "customExtensionStageSettings")
"""The members of a body that refer to other objects."""
_FOLDED = {name.casefold() for name in _REFERENCES}
_FOREIGN = "it is not an object of this live check"


class OwnObjects:
    """The guard of one run. An address must be exactly one of the known ones, as it is sent: no
    query, no percent sign, no further segment.
    """

    def __init__(self, owned: Owned) -> None:
        self._owned = owned

    def __call__(self, method: str, below: str, content: bytes) -> str | None:
        """Why this write must not be sent; None if it may be."""
        route, ids = _route(below)
        if route is None or method not in _METHODS[route]:
            return "a live check sends no such write"
        try:
            body = parsed(content, unique_members=True) if content else {}
        except InvalidJsonError:
            return "its body is not JSON"
        if not isinstance(body, Mapping):
            return "its body is not an object"
        if any(map(_is_misspelled, body)):
            return "a reference in it is spelled in another way"
        if not self._is_own(ids) or not self._refers_to_own(route, method, body):
            return _FOREIGN
        return None

    def _is_own(self, ids: Mapping[str, str]) -> bool:
        """True if every id in the address is that of an own object, and the extension is in the
        catalog.
        """
        owns = self._owned.owns
        if "extension" in ids:
            return owns("extension", ids["extension"], ids["catalog"])
        kinds = {"catalog": "catalog", "package": "access_package", "policy": "policy"}
        return all(owns(kinds[name], own_id) for name, own_id in ids.items())  # type: ignore[arg-type]

    def _refers_to_own(self, route: str, method: str, body: Mapping[str, Any]) -> bool:
        """True if the body names no object that is not own; a new catalog has the name of a live
        check.
        """
        if route == "catalogs":
            name = body.get("displayName")
            return isinstance(name, str) and name.startswith(CATALOG_PREFIX)
        if route == "packages":
            return self._owned.owns("catalog", _id_in(body, "catalog"))
        if method in ("POST", "PUT") and route in ("policies", "policy"):
            return self._owned.owns("access_package", _id_in(body, "accessPackage")) and all(
                self._owned.owns("extension", extension_id) for extension_id in _called(body)
            )
        return True


def _route(below: str) -> tuple[str | None, Mapping[str, str]]:
    """The name of the address and the ids in it; None for another address."""
    if not below.startswith(_BASE):
        return None, {}
    for name, pattern in _ROUTES.items():
        match = pattern.fullmatch(below.removeprefix(_BASE))
        if match:
            return name, match.groupdict()
    return None, {}


def _is_misspelled(member: str) -> bool:
    """True for what a reader that ignores case, or an OData binding, would take for a reference."""
    name = member.casefold().removesuffix("@odata.bind")
    return name in _FOLDED and member not in _REFERENCES


def _id_in(body: Mapping[str, Any], member: str) -> object:
    inner = body.get(member)
    return inner.get("id") if isinstance(inner, Mapping) else None


def _called(body: Mapping[str, Any]) -> Iterable[object]:
    """The ids of the extensions that the stages of a policy's body call; None for what has none."""
    settings = body.get(_REFERENCES[2]) or []
    if not isinstance(settings, list):
        return [None]
    return [
        _id_in(setting, "customExtension") if isinstance(setting, Mapping) else None
        for setting in settings
    ]
