"""What POST and PUT accept for a custom workflow extension: strict, and in one canonical form
(docs/graph.md §2).

The result holds only the members of the body; `extension_changes` adds defaults and merges.
"""

from collections.abc import Mapping
from typing import Any, Final

from reconciler.sandbox.checks import (
    Check,
    Json,
    any_text,
    guid,
    mapping,
    members,
    nullable,
    odata_type,
    text,
    whole,
)
from reconciler.sandbox.durations import timeout
from reconciler.sandbox.errors import bad_request, invalid_model
from reconciler.sandbox.switches import Switches

REQUEST_TYPE: Final = "microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
EXPIRY_TYPE: Final = "microsoft.graph.accessPackageAssignmentWorkflowExtension"
TIMEOUT_NAMES: Final = ("timeoutDuration", "durationBeforeTimeout")
REQUIRED: Final = ("displayName", "endpointConfiguration", "authenticationConfiguration")
READ_ONLY: Final = ("id", "createdDateTime", "lastModifiedDateTime", "createdBy", "lastModifiedBy")

_LOGIC_APP: Final = "microsoft.graph.logicAppTriggerEndpointConfiguration"
_POP: Final = "microsoft.graph.azureAdPopTokenAuthentication"
_TOKEN: Final = "microsoft.graph.azureAdTokenAuthentication"  # noqa: S105 - the name of a type
_CLIENT: Final = "microsoft.graph.customExtensionClientConfiguration"
CALLBACK_TYPE: Final = "microsoft.graph.customExtensionCallbackConfiguration"
_APPROVAL_CALLBACK: Final = "microsoft.graph.accessPackageRequestApprovalStageCallbackConfiguration"

TRIPLE: Final = ("subscriptionId", "resourceGroupName", "logicAppWorkflowName")
_ENDPOINT_MEMBERS: Final[Mapping[str, Check]] = {
    "subscriptionId": guid,
    "resourceGroupName": text,
    "logicAppWorkflowName": text,
    "url": nullable(text),
}
_CLIENT_MEMBERS: Final[Mapping[str, Check]] = {  # ranges: docs/graph.md §2.8
    "timeoutInMilliseconds": nullable(whole(200, 2000)),
    "maximumRetries": nullable(whole(0, 1)),
}


def parse_extension(body: Any, switches: Switches, *, creating: bool) -> Json:
    """The members of the body, checked and canonical, always with `@odata.type`, which has a `#`.

    With `creating` the required members must be present (docs/graph.md §2.2); a PUT may omit them.
    Raises: GraphError 400.
    """
    given = mapping(body, "the body")
    if isinstance(
        given.get("value"), dict
    ):  # docs/graph.md §2.1: the documentation's wrapped form is rejected
        raise bad_request("The request body must be the object itself, not nested under 'value'.")
    kind = odata_type(given, "the body", (REQUEST_TYPE, EXPIRY_TYPE))
    checks: Mapping[str, Check] = {
        "displayName": text,
        "description": nullable(any_text),
        "endpointConfiguration": _endpoint,
        "authenticationConfiguration": _authentication,
        "clientConfiguration": nullable(_client),
        "callbackConfiguration": nullable(_callback(kind, switches)),
    }
    parsed = members(given, "", checks, required=REQUIRED if creating else ())
    return {"@odata.type": f"#{kind}", **parsed}


def _endpoint(value: Any, where: str) -> Json:
    # httpRequestEndpoint exists in the metadata, but entitlement management does not use it
    # (docs/graph.md §2.6).
    kind = odata_type(mapping(value, where), where, (_LOGIC_APP,))
    return {"@odata.type": f"#{kind}", **members(value, where, _ENDPOINT_MEMBERS, required=TRIPLE)}


def _authentication(value: Any, where: str) -> Json:
    kind = odata_type(mapping(value, where), where, (_POP, _TOKEN))
    allowed: Mapping[str, Check] = {"resourceId": text} if kind == _TOKEN else {}
    return {"@odata.type": f"#{kind}", **members(value, where, allowed, required=allowed)}


def _client(value: Any, where: str) -> Json:
    odata_type(mapping(value, where), where, (_CLIENT,), default=_CLIENT)
    # The page gives 1000 as the default of an omitted timeout; an explicit null stays null
    # (docs/graph.md §2.8).
    return {
        "timeoutInMilliseconds": 1000,
        "maximumRetries": None,
        **members(value, where, _CLIENT_MEMBERS),
    }


def _callback(kind: str, switches: Switches) -> Check:
    def check(value: Any, where: str) -> Json:
        if kind == EXPIRY_TYPE:  # docs/graph.md §2.2: expiry extensions cannot launch and wait
            raise invalid_model(f"'{where}' is not supported on {EXPIRY_TYPE}.")
        named = odata_type(
            mapping(value, where), where, (CALLBACK_TYPE, _APPROVAL_CALLBACK), default=CALLBACK_TYPE
        )
        given = members(value, where, dict.fromkeys(TIMEOUT_NAMES, timeout))
        return {"@odata.type": named, "timeoutDuration": _one_timeout(given, where, switches)}

    return check


def _one_timeout(given: Json, where: str, switches: Switches) -> str | None:
    # docs/graph.md §2.4 does not say which name is used and what happens to the other one: three
    # switches.
    accepted = TIMEOUT_NAMES if switches.timeout_accept == "both" else (switches.timeout_accept,)
    for name in given:
        if name not in accepted and switches.timeout_other == "reject":
            raise invalid_model(
                f"The property '{where}/{name}' does not exist on type '{CALLBACK_TYPE}'."
            )
    values = {given[name] for name in accepted if name in given}
    if len(values) > 1:
        raise invalid_model(f"'{where}' names two different timeouts.")
    return values.pop() if values else None
