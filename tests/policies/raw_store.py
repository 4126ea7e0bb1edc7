"""Policies as raw JSON text, with the access packages and extensions that they show, and what a PUT
makes of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.policies.generated import CATALOG, EXPIRY_TYPE, REQUEST_TYPE, SETTINGS
from tests.policies.json_text import parsed, written

Object = dict[str, Any]

REFERENCES = ("accessPackage", "catalog", "questions", SETTINGS)
"""What a policy shows only with `$expand`."""
NEW_EXTENSIONS = {
    REQUEST_TYPE: ("70000000-0000-4000-8000-000000000001", "new-request"),
    EXPIRY_TYPE: ("70000000-0000-4000-8000-000000000002", "new-expiry"),
}
"""The extensions that no policy calls at first: id and name by type."""


class RefusedError(Exception):
    """The service refuses a body with HTTP 400; the argument is the error code."""


def _new_extensions() -> dict[str, Object]:
    return {
        extension_id: {"@odata.type": f"#{type_name}", "id": extension_id, "displayName": name}
        for type_name, (extension_id, name) in NEW_EXTENSIONS.items()
    }


@dataclass
class Store:
    """One catalog with all that is in it, by ids: policies as text, the rest as trees.

    `beta` is what the beta endpoint answers for a policy instead of its id alone.
    """

    policies: dict[str, str] = field(default_factory=dict)
    beta: dict[str, str] = field(default_factory=dict)
    packages: dict[str, Object] = field(default_factory=dict)
    extensions: dict[str, Object] = field(default_factory=_new_extensions)
    catalog: Object = field(
        default_factory=lambda: {"id": CATALOG, "displayName": "Marketing", "state": "published"}
    )
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def hold(self, text: str) -> str:
        """Holds a policy as this text, and what it refers to; the id of the policy."""
        policy = parsed(text)
        package = policy["accessPackage"]
        self.packages[package["id"]] = package
        for setting in policy[SETTINGS]:
            extension = setting.get("customExtension") or {}
            if extension.get("id") is not None:
                self.extensions.setdefault(extension["id"], extension)
        self.policies[policy["id"]] = text
        return str(policy["id"])

    def put(self, policy_id: str, body: str | bytes) -> str:
        """The policy's new text: what the body has, and what only the service knows. A member that
        the body omits is lost (docs/graph.md §7.3).

        Raises:
            RefusedError: the body does not say which access package or extension, or is not JSON.
        """
        try:
            sent = parsed(body)
        except ValueError as error:
            raise RefusedError("BadRequest") from error
        before = parsed(self.policies[policy_id])
        number = next(self._numbers)
        package = self._referred(self.packages, sent.get("accessPackage"), "ArgumentNullException")
        after = {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#policies/$entity",
            "id": policy_id,
            "createdDateTime": before["createdDateTime"],
            "modifiedDateTime": f"2031-01-01T00:00:00.{number:07}Z",
        }
        after |= {name: value for name, value in sent.items() if name not in after}
        after["accessPackage"] = package
        after[SETTINGS] = [self._expanded(setting) for setting in sent.get(SETTINGS) or ()]
        after.setdefault("questions", [])
        self.policies[policy_id] = written(after)
        return self.policies[policy_id]

    def package(self, package_id: str) -> Object:
        """The access package with its catalog."""
        return {**self.packages[package_id], "catalog": self.catalog}

    def policy(self, policy_id: str) -> Object:
        """The policy with its access package, and that with its catalog."""
        policy = parsed(self.policies[policy_id])
        return {**policy, "accessPackage": self.package(policy["accessPackage"]["id"])}

    def _expanded(self, setting: Object) -> Object:
        """The setting as it is read: under a new id, with all of the extension, else as sent."""
        extension = self._referred(self.extensions, setting.get("customExtension"), "InvalidModel")
        if not isinstance(setting.get("stage"), str):
            raise RefusedError("InvalidModel")
        setting_id = f"61000000-0000-4000-8000-{next(self._numbers):012}"
        return {**setting, "id": setting_id, "customExtension": extension}

    @staticmethod
    def _referred(held: dict[str, Object], reference: Object | None, code: str) -> Object:
        try:
            return held[(reference or {})["id"]]
        except KeyError as error:
            raise RefusedError(code) from error
