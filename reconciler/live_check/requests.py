"""The requests of a live check, by the SDK's request builders (docs/graph.md §1, §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.live_check.owned import OwnObject
from reconciler.model.graph import Graph, Request
from reconciler.model.live_facts import OwnKind

_BETA_POLICY = (
    "{+baseurl}/identityGovernance/entitlementManagement/accessPackageAssignmentPolicies/{policy}"
)
ALL_ENUM_VALUES = "include-unknown-enum-members"
"""Source: docs/graph.md §7.3."""


def collection(graph: Graph, kind: OwnKind, catalog_id: str | None = None) -> Any:
    """The request builder of the collection; extensions are in a catalog."""
    entitlement = graph.entitlement
    if kind == "extension":
        catalog = entitlement.catalogs.by_access_package_catalog_id(str(catalog_id))
        return catalog.custom_workflow_extensions
    builders = {
        "catalog": "catalogs",
        "access_package": "access_packages",
        "policy": "assignment_policies",
    }
    return getattr(entitlement, builders[kind])


def single(graph: Graph, own: OwnObject) -> Any:
    """The request builder of one object."""
    builder = collection(graph, own.kind, own.parent_id)
    by_id = {
        "catalog": "by_access_package_catalog_id",
        "extension": "by_custom_callout_extension_id",
        "access_package": "by_access_package_id",
        "policy": "by_access_package_assignment_policy_id",
    }
    return getattr(builder, by_id[own.kind])(own.id)


def create(
    graph: Graph, kind: OwnKind, body: Mapping[str, Any], catalog_id: str | None = None
) -> Request:
    """POST a new object."""
    return Request.to(collection(graph, kind, catalog_id), "POST", body)


def put(graph: Graph, own: OwnObject, body: Mapping[str, Any]) -> Request:
    """PUT an extension or a policy."""
    return Request.to(single(graph, own), "PUT", body)


def delete(graph: Graph, own: OwnObject) -> Request:
    """DELETE an object."""
    return Request.to(single(graph, own), "DELETE")


def get(graph: Graph, own: OwnObject, expand: str | None = None) -> Request:
    """GET an object."""
    request = Request.to(single(graph, own), expand=expand)
    return replace(request, prefer=ALL_ENUM_VALUES) if own.kind == "policy" else request


def get_beta(own: OwnObject) -> Request:
    """GET a policy through beta (docs/graph.md §7.4)."""
    return Request("GET", _BETA_POLICY, {"policy": own.id}, beta=True)


def catalogs_named(graph: Graph, name: str) -> Request:
    """GET the catalogs of this name (docs/graph.md §1.3)."""
    return Request.to(collection(graph, "catalog"), filter=f"displayName eq '{name}'")
