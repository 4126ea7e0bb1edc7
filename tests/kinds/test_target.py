"""What a live object calls outside of Graph, in one line."""

from __future__ import annotations

from typing import Any

import pytest
from harness import MARKETING, extension
from objects import observed_extension

from reconciler.kinds.catalog import CATALOG
from reconciler.kinds.extension import EXTENSION


def calling(endpoint: dict[str, Any] | None) -> str | None:
    """What an extension with this endpoint calls."""
    body = extension("a") | {"id": "1", "endpointConfiguration": endpoint}
    return EXTENSION.target(observed_extension(body))


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [
        ({"resourceGroupName": "RG", "logicAppWorkflowName": "la"}, "RG/la"),
        ({"subscriptionId": "s", "resourceGroupName": "rg"}, None),
        ({"resourceGroupName": "", "logicAppWorkflowName": "la"}, None),
        ({"resourceGroupName": None, "logicAppWorkflowName": 5}, None),
        ({"@odata.type": "#microsoft.graph.newerEndpoint"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_an_extension_calls_the_logic_app_of_its_endpoint(
    endpoint: dict[str, Any] | None, target: str | None
) -> None:
    assert calling(endpoint) == target


def test_a_catalog_calls_nothing() -> None:
    observed = CATALOG.observe((), {"id": MARKETING, "displayName": "Marketing"})
    assert CATALOG.target(observed) is None
