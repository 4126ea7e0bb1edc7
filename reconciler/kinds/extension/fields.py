"""What Graph calls the members of a custom workflow extension.

Source: docs/graph.md §2 (CSDL and resource pages). Type names stand without `#microsoft.graph.`.
"""

from __future__ import annotations

from reconciler.model.durations import canonical_duration
from reconciler.model.fields import Field, Fields, as_written, canonical_scalar
from reconciler.model.json_values import JsonValue
from reconciler.model.objects import NAME, Value

REQUEST_TYPE = "accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT_TYPE = "accessPackageAssignmentWorkflowExtension"

TIMEOUT = "timeoutDuration"
TIMEOUT_IN_DOCUMENTS = "durationBeforeTimeout"
"""The name of the callback timeout in the schema, and the one every documented example uses
(docs/graph.md §2.4).
"""
TIMEOUT_PATH = ("callbackConfiguration", TIMEOUT)

ENDPOINT = "endpointConfiguration"
LOGIC_APP = ("subscriptionId", "resourceGroupName", "logicAppWorkflowName")
"""The members that together name the Logic App; Graph computes `url` from them
(docs/graph.md §2.6).
"""
LOGIC_APP_PATHS = tuple((ENDPOINT, name) for name in LOGIC_APP)
URL_PATH = (ENDPOINT, "url")

BEARER, POP = "azureAdTokenAuthentication", "azureAdPopTokenAuthentication"


def _duration(value: JsonValue) -> Value:
    return canonical_duration(value) if isinstance(value, str) and value else as_written(value)


FIELDS = Fields(
    {
        NAME: Field(as_written, own=True),
        ("description",): Field(as_written, nullable=True, optional=True),
        (ENDPOINT,): Field(
            types={"logicAppTriggerEndpointConfiguration": (*LOGIC_APP, "url")},
            default_type="logicAppTriggerEndpointConfiguration",
            chosen=True,
        ),
        (ENDPOINT, "subscriptionId"): Field(),
        # Names of Azure Resource Manager are equal whatever their case (docs/graph.md §2.6).
        (ENDPOINT, "resourceGroupName"): Field(ignore_case=True),
        (ENDPOINT, "logicAppWorkflowName"): Field(ignore_case=True),
        URL_PATH: Field(computed_from=LOGIC_APP_PATHS, optional=True),
        ("authenticationConfiguration",): Field(
            types={POP: (), BEARER: ("resourceId",)}, chosen=True
        ),
        ("authenticationConfiguration", "resourceId"): Field(canonical_scalar),
        ("clientConfiguration",): Field(
            types={
                "customExtensionClientConfiguration": ("timeoutInMilliseconds", "maximumRetries")
            },
            default_type="customExtensionClientConfiguration",
            nullable=True,
            optional=True,
        ),
        ("clientConfiguration", "timeoutInMilliseconds"): Field(nullable=True, number=True),
        ("clientConfiguration", "maximumRetries"): Field(nullable=True, number=True),
        # Because it exists, the request waits.
        # Its documented type is abstract (docs/graph.md §2.3).
        ("callbackConfiguration",): Field(
            types={"customExtensionCallbackConfiguration": (TIMEOUT,)},
            default_type="customExtensionCallbackConfiguration",
            presence=True,
            only_types=(REQUEST_TYPE,),
            nullable=True,
            optional=True,
        ),
        TIMEOUT_PATH: Field(_duration, aliases=(TIMEOUT_IN_DOCUMENTS,)),
    },
    types=(REQUEST_TYPE, ASSIGNMENT_TYPE),
    read_only=("id", "createdBy", "createdDateTime", "lastModifiedBy", "lastModifiedDateTime"),
)
