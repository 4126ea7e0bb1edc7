"""What Graph calls its types and properties: one table for loader, wire, diff and export.

Source: docs/graph.md §2 (CSDL and resource pages). Type names stand without `#microsoft.graph.`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | dict[str, JsonValue] | list[JsonValue] | None"
Properties: TypeAlias = "dict[str, JsonValue]"

ODATA_TYPE = "@odata.type"
NAMESPACE = "microsoft.graph."

REQUEST_TYPE = "accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT_TYPE = "accessPackageAssignmentWorkflowExtension"
EXTENSION_TYPES = (REQUEST_TYPE, ASSIGNMENT_TYPE)

TIMEOUT = "timeoutDuration"
TIMEOUT_IN_DOCUMENTS = "durationBeforeTimeout"
"""The name of the callback timeout in the schema, and the one every documented example uses
(docs/graph.md §2.4).
"""
OTHER_TIMEOUT_NAME = {TIMEOUT: TIMEOUT_IN_DOCUMENTS, TIMEOUT_IN_DOCUMENTS: TIMEOUT}


@dataclass(frozen=True, slots=True)
class ComplexProperty:
    """A property whose value is an object: its types with their members, and the default when
    `@odata.type` is omitted.

    `chosen`: the author chooses the type, so that another live type is a difference. Otherwise the
        service decides
    (the callback's documented type is abstract, docs/graph.md §2.3), and the type is only passed
    on.
    """

    members: dict[str, tuple[str, ...]]
    default_type: str | None
    chosen: bool


COMPLEX_PROPERTIES: dict[str, ComplexProperty] = {
    "endpointConfiguration": ComplexProperty(
        {
            "logicAppTriggerEndpointConfiguration": (
                "subscriptionId",
                "resourceGroupName",
                "logicAppWorkflowName",
                "url",
            )
        },
        "logicAppTriggerEndpointConfiguration",
        chosen=True,
    ),
    "authenticationConfiguration": ComplexProperty(
        {"azureAdPopTokenAuthentication": (), "azureAdTokenAuthentication": ("resourceId",)},
        None,
        chosen=True,
    ),
    "clientConfiguration": ComplexProperty(
        {"customExtensionClientConfiguration": ("timeoutInMilliseconds", "maximumRetries")},
        "customExtensionClientConfiguration",
        chosen=False,
    ),
    "callbackConfiguration": ComplexProperty(
        {"customExtensionCallbackConfiguration": (TIMEOUT,)},
        "customExtensionCallbackConfiguration",
        chosen=False,
    ),
}

SCALAR_PROPERTIES = ("displayName", "description")
WRITABLE_PROPERTIES = (*SCALAR_PROPERTIES, *COMPLEX_PROPERTIES)
READ_ONLY_PROPERTIES = (
    "id",
    "createdBy",
    "createdDateTime",
    "lastModifiedBy",
    "lastModifiedDateTime",
)

LOGIC_APP = ("subscriptionId", "resourceGroupName", "logicAppWorkflowName")
"""The members that together name the Logic App; Graph computes `url` from them
(docs/graph.md §2.6).
"""

CASE_INSENSITIVE = frozenset({"resourceGroupName", "logicAppWorkflowName"})
"""Azure Resource Manager names, equal whatever their case (docs/graph.md §2.6)."""

_KNOWN_TYPES = {
    name.casefold(): name
    for name in (
        *EXTENSION_TYPES,
        *(name for prop in COMPLEX_PROPERTIES.values() for name in prop.members),
    )
}


def short_type(odata_type: object) -> str:
    """The type's name without `#microsoft.graph.`, known types in their documented case; "" if it
    is not text.

    Graph compares type names ignoring case and returns them with or without `#`
    (docs/graph.md §2.3). A type of another namespace keeps its whole name, after a `#`.
    """
    return _short_name(odata_type) if isinstance(odata_type, str) else ""


@lru_cache(maxsize=256)  # a listing repeats few names, four times per extension
def _short_name(odata_type: str) -> str:
    name = odata_type.removeprefix("#")
    if name.casefold().startswith(NAMESPACE):
        name = name[len(NAMESPACE) :]
    elif "." in name:
        return f"#{name}"
    return _KNOWN_TYPES.get(name.casefold(), name)


def odata_type(short_name: str) -> str:
    """The type as sent to Graph: with the prefix `#microsoft.graph.`, unless it is of another
    namespace.
    """
    return short_name if short_name.startswith("#") else f"#{NAMESPACE}{short_name}"
