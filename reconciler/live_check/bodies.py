"""The bodies of own objects, and what is sent back of a policy that was read (docs/graph.md §2,
§7.3). Nobody can request an own access package: its catalog is not published, and its policies
allow no requestor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.json_values import JsonObject
from reconciler.model.logic_app import LogicApp

REQUEST_TYPE = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
CREATED_STAGE = "assignmentRequestCreated"
SETTINGS = "customExtensionStageSettings"
CALLBACK_TYPE = "#microsoft.graph.customExtensionCallbackConfiguration"
_NEVER_SENT = ("id", "createdDateTime", "modifiedDateTime", "catalog")
_REQUIRED: Mapping[str, Any] = {
    "automaticRequestSettings": None,
    "reviewSettings": None,
    "questions": [],
}
DESCRIPTION = "Made by reconciler live-check, which removes it again."


def catalog(name: str) -> JsonObject:
    """A catalog whose access packages cannot be requested."""
    return {
        "displayName": name,
        "description": DESCRIPTION,
        "state": "unpublished",
        "isExternallyVisible": False,
    }


def extension(name: str, app: LogicApp, *, url: str | None, **members: Any) -> JsonObject:
    """An extension of the request type; `members` are added or replace."""
    endpoint = {
        "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
        "subscriptionId": app.subscription_id,
        "resourceGroupName": app.resource_group,
        "logicAppWorkflowName": app.name,
        **({"url": url} if url else {}),
    }
    return {
        "@odata.type": REQUEST_TYPE,
        "displayName": name,
        "description": DESCRIPTION,
        "endpointConfiguration": endpoint,
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        },
        **members,
    }


def callback(**durations: str) -> JsonObject:
    """The member that makes an extension wait, with the timeout under these names."""
    return {"callbackConfiguration": {"@odata.type": CALLBACK_TYPE, **durations}}


def access_package(name: str, catalog_id: str) -> JsonObject:
    """An access package without resources that users do not see."""
    return {
        "displayName": name,
        "description": DESCRIPTION,
        "isHidden": True,
        "catalog": {"id": catalog_id},
    }


def policy(name: str, package_id: str) -> JsonObject:
    """A policy with one question, by which nobody can request anything."""
    flags = (
        "enableTargetsToSelfAddAccess",
        "enableTargetsToSelfUpdateAccess",
        "enableTargetsToSelfRemoveAccess",
        "allowCustomAssignmentSchedule",
        "enableOnBehalfRequestorsToAddAccess",
        "enableOnBehalfRequestorsToUpdateAccess",
        "enableOnBehalfRequestorsToRemoveAccess",
    )
    return {
        "displayName": name,
        "description": DESCRIPTION,
        "allowedTargetScope": "notSpecified",
        "specificAllowedTargets": [],
        "expiration": {"type": "afterDuration", "duration": "P365D", "endDateTime": None},
        "requestorSettings": {**dict.fromkeys(flags, False), "onBehalfRequestors": []},
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": False,
            "isApprovalRequiredForUpdate": False,
            "stages": [],
        },
        "questions": [_question()],
        "accessPackage": {"id": package_id},
    }


def _question() -> JsonObject:
    return {
        "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
        "isRequired": False,
        "isAnswerEditable": True,
        "sequence": 1,
        "text": "Made by reconciler live-check",
        "localizations": [],
        "isSingleLineQuestion": True,
    }


def stage(name: str, extension_id: str) -> JsonObject:
    """A stage setting as it is sent: without an id."""
    reference: JsonObject = {"@odata.type": REQUEST_TYPE, "id": extension_id}
    return {"stage": name, "customExtension": reference}


def policy_put(read: Mapping[str, Any], package_id: str, **changes: Any) -> JsonObject:
    """What is sent back of a policy that was read, with these changes: everything else as it was
    read, without what is read only.

    Source: docs/graph.md §7.3.
    """
    kept = {
        name: value
        for name, value in read.items()
        if name not in _NEVER_SENT and not name.startswith("@") and "@odata.context" not in name
    }
    settings = [
        stage(str(setting.get("stage")), called(setting)) for setting in objects(read.get(SETTINGS))
    ]
    own = {SETTINGS: settings, "accessPackage": {"id": package_id}}
    return {**_REQUIRED, **kept, **own, **changes}


def called(setting: Mapping[str, Any]) -> str:
    """The id of the extension that a stage setting calls; `None` as text if there is none."""
    extension = setting.get("customExtension")
    return str(extension.get("id") if isinstance(extension, dict) else None)


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects in an array; none in anything else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
