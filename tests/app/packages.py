"""A Graph with access packages and policies, in which every answer can be replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.graph.scripted import CATALOG, Reply, Seen, listing, refused

OTHER_CATALOG = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"
REQUEST = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
Json = dict[str, Any]


def guid(number: int) -> str:
    """A GUID for each number."""
    return f"0000abcd-0000-4000-8000-{number:012}"


def setting(stage: str, extension_id: str | None, **more: Any) -> Json:
    """A stage setting as Graph shows it."""
    extension = {"@odata.type": REQUEST, "id": extension_id, "displayName": "notify"}
    return {"id": "s", "stage": stage, "customExtension": extension, **more}


def package(number: int, catalog_id: str = CATALOG) -> Json:
    """An access package with its catalog."""
    catalog = {"id": catalog_id, "displayName": "Marketing"}
    return {"id": guid(number), "displayName": f"package {number}", "catalog": catalog}


def policy(number: int, inside: Json, *settings: Json, **more: Any) -> Json:
    """A policy of the package with everything that can be expanded."""
    return {
        "id": guid(number),
        "displayName": f"policy {number}",
        "accessPackage": inside,
        "customExtensionStageSettings": list(settings),
        "questions": [],
        **more,
    }


@dataclass
class Packages:
    """What Graph holds. `instead` has answers by path, given in place of the usual ones."""

    packages: list[Json] = field(default_factory=list)
    policies: list[Json] = field(default_factory=list)
    instead: dict[str, Callable[[Seen], Reply | None]] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> Reply:
        """The answer to a request."""
        special = self.instead.get(seen.path, lambda _seen: None)(seen)
        if special is not None:
            return special
        *_, collection, object_id = f"/{seen.path}".split("/")
        if object_id == "accessPackages":
            return listing(*self.packages)
        if object_id == "assignmentPolicies":
            return listing(*self.policies)
        answers = {"accessPackages": self._package, "assignmentPolicies": self._policy}
        answer = answers.get(collection, self._catalog)(object_id)
        return Reply(body=answer) if answer else refused(404, "ResourceNotFound")

    def _package(self, package_id: str) -> Json | None:
        inside = [each for each in self.policies if each["accessPackage"]["id"] == package_id]
        shown = {"assignmentPolicies": [{"id": each["id"]} for each in inside]}
        return next((each | shown for each in self.packages if each["id"] == package_id), None)

    def _policy(self, policy_id: str) -> Json | None:
        return next((each for each in self.policies if each["id"] == policy_id), None)

    def _catalog(self, catalog_id: str) -> Json:
        inside = [each for each in self.packages if each["catalog"]["id"] == catalog_id]
        return {"id": catalog_id, "displayName": "Marketing", "accessPackages": inside}
