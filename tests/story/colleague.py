"""Somebody with the admin center open: edits what is live through Graph, past the repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from clock import TIMEOUT_S
from harness import MARKETING, Json, served_sandbox

from reconciler.settings import DEFAULT_LOOPBACK_TOKEN

READ_ONLY = ("id", "createdBy", "createdDateTime", "lastModifiedBy", "lastModifiedDateTime")
READ_ONLY_OF_A_POLICY = ("@odata.context", "id", "createdDateTime", "modifiedDateTime")
EVERYTHING = "accessPackage,customExtensionStageSettings($expand=customExtension),questions"


class Colleague:
    """Edits extensions of the catalog Marketing, and policies of the tenant."""

    def __init__(self, base_url: str) -> None:
        self._tenant = f"{base_url}/identityGovernance/entitlementManagement"
        self._extensions = f"{self._tenant}/catalogs/{MARKETING}/customWorkflowExtensions"
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {DEFAULT_LOOPBACK_TOKEN}"}, timeout=TIMEOUT_S
        )

    def edit(self, name: str, **properties: object) -> None:
        """Changes these properties of the extension of this name and keeps the others."""
        [live] = [each for each in self._listed(self._extensions) if each["displayName"] == name]
        body = {
            key: value for key, value in live.items() if key not in READ_ONLY and value is not None
        }
        self._put(f"{self._extensions}/{live['id']}", body | properties)

    def unbind(self, policy_name: str) -> None:
        """From now on the policy calls no extension; its other members stay as they are
        (docs/graph.md §7.3).
        """
        policies = f"{self._tenant}/assignmentPolicies"
        [policy] = [
            each
            for each in self._listed(policies, expand=EVERYTHING)
            if each["displayName"] == policy_name
        ]
        assert policy["customExtensionStageSettings"], "it calls something before"
        body = {key: value for key, value in policy.items() if key not in READ_ONLY_OF_A_POLICY}
        package = {"id": policy["accessPackage"]["id"]}
        body |= {"accessPackage": package, "customExtensionStageSettings": []}
        self._put(f"{policies}/{policy['id']}", body)

    def close(self) -> None:
        """Leaves."""
        self._client.close()

    def _listed(self, url: str, expand: str = "") -> list[Json]:
        answer = self._client.get(url, params={"$expand": expand} if expand else {})
        listed: list[Json] = answer.raise_for_status().json()["value"]
        return listed

    def _put(self, url: str, body: dict[str, Any]) -> None:
        self._client.put(url, json=body).raise_for_status()


@contextmanager
def colleague_at(folder: Path) -> Iterator[Colleague]:
    """A colleague at the default sandbox of the folder."""
    with served_sandbox(folder) as url:
        colleague = Colleague(url)
        try:
            yield colleague
        finally:
            colleague.close()
