"""Policies for the sandbox's tests: a seed with a rich one, and the ways to read and write it."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CATALOG = "5b8f6a52-3c8e-4f07-9a3d-6f0f2f6f7a10"
PACKAGE = "9d4e1c7a-2b6f-4e3a-8c5d-1a2b3c4d5e06"
POLICY = "4e8b2f6c-7d1a-4c9e-b5f3-6a7b8c9d0e07"
REQUEST_TYPE = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
EXPIRY_TYPE = "#microsoft.graph.accessPackageAssignmentWorkflowExtension"
NOTIFY = "0c1d7c0e-8a58-4d7c-9a39-0b4b2e1f6f01"
AUDIT = "2a7c3b5e-6f10-4d8c-9c2b-3e4d5f607b03"
UNKNOWN = "00000000-0000-4000-8000-000000000404"
ITEM = f"/assignmentPolicies/{POLICY}"
BETA_ITEM = f"/accessPackageAssignmentPolicies/{POLICY}"
ALL = (
    "accessPackage($expand=catalog),customExtensionStageSettings($expand=customExtension),questions"
)


def user(number: int) -> Json:
    """A subject set of one user."""
    return {
        "@odata.type": "#microsoft.graph.singleUser",
        "userId": f"00000000-0000-4000-8000-{number:012}",
        "description": None,
    }


def setting(stage: str, extension: str | None = NOTIFY, kind: str = REQUEST_TYPE) -> Json:
    """A stage setting as clients send it."""
    return {"stage": stage, "customExtension": {"@odata.type": kind, "id": extension}}


def rich_policy(**changes: Any) -> Json:
    """A policy with every member that v1.0 has."""
    stage = {
        "approverInformationVisibility": "default",
        "durationBeforeAutomaticDenial": "P14D",
        "durationBeforeEscalation": "PT36H",
        "isApproverJustificationRequired": True,
        "isEscalationEnabled": True,
        "primaryApprovers": [
            {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
        ],
        "fallbackPrimaryApprovers": [user(11)],
        "escalationApprovers": [user(12)],
        "fallbackEscalationApprovers": [],
    }
    expiration = {"duration": "P90D", "endDateTime": None, "type": "afterDuration"}
    pattern = {
        "type": "absoluteMonthly",
        "interval": 3,
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": [],
        "firstDayOfWeek": None,
        "index": None,
    }
    ending = {
        "type": "noEnd",
        "numberOfOccurrences": 0,
        "recurrenceTimeZone": None,
        "startDate": None,
        "endDate": None,
    }
    return {
        "id": POLICY,
        "displayName": "Employees",
        "description": "on request",
        "allowedTargetScope": "allMemberUsers",
        "specificAllowedTargets": [],
        "expiration": expiration,
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": False,
            "onBehalfRequestors": [],
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": True,
            "isApprovalRequiredForUpdate": False,
            "isRequestorJustificationRequired": True,
            "stages": [stage],
        },
        "automaticRequestSettings": None,
        "reviewSettings": {
            "isEnabled": True,
            "expirationBehavior": "keepAccess",
            "isRecommendationEnabled": True,
            "isReviewerJustificationRequired": False,
            "isSelfReview": False,
            "schedule": {
                "startDateTime": "2030-01-07T06:59:59.998Z",
                "expiration": {"duration": "P14D", "type": "afterDuration"},
                "recurrence": {"pattern": pattern, "range": ending},
            },
            "primaryReviewers": [user(13)],
            "fallbackReviewers": [user(14)],
        },
        "notificationSettings": {"isAssignmentNotificationDisabled": False},
        "questions": [
            {
                "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
                "id": "00000000-0000-4000-8000-000000000071",
                "sequence": 1,
                "isRequired": True,
                "isAnswerEditable": True,
                "text": "Where?",
                "localizations": [{"languageCode": "fr", "text": "Où ?"}],
                "isMultipleSelectionAllowed": False,
                "choices": [{"actualValue": "A", "text": "Country A", "localizations": []}],
            },
            {
                "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                "id": "00000000-0000-4000-8000-000000000072",
                "text": "Why?",
                "isSingleLineQuestion": False,
                "regexPattern": None,
            },
        ],
        "customExtensionStageSettings": [setting("assignmentRequestGranted", AUDIT)],
        "accessPackage": {"id": PACKAGE},
        **changes,
    }


def seed(folder: Path, *policies: Json) -> Path:
    """A seed file with the policies; their catalog has two extensions of the request type."""
    extensions = [
        {
            "@odata.type": REQUEST_TYPE,
            "id": identity,
            "displayName": name,
            "endpointConfiguration": {
                "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
                "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
                "resourceGroupName": "rg-identity",
                "logicAppWorkflowName": f"la-{name}",
            },
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
            },
        }
        for identity, name in ((NOTIFY, "notify"), (AUDIT, "audit"))
    ]
    catalog = {
        "id": CATALOG,
        "displayName": "Finance",
        "accessPackages": [{"id": PACKAGE, "displayName": "Ledger"}],
        "customWorkflowExtensions": extensions,
    }
    file = folder / "seed.json"
    file.write_text(json.dumps({"catalogs": [catalog], "policies": policies}))
    return file


def whole(graph: Any, path: str = ITEM) -> Json:
    """The policy with everything that it refers to."""
    answer = graph.get(path, params={"$expand": ALL})
    assert answer.status_code == 200, answer.text
    read: Json = answer.json()
    return read


def body_of(read: Json, **changes: Any) -> Json:
    """The body of a PUT of a policy that was read (docs/graph.md §7.3)."""
    left_out = ("@odata.context", "createdDateTime", "modifiedDateTime")
    body = {name: value for name, value in read.items() if name not in left_out}
    settings = [
        {
            **{name: value for name, value in each.items() if name != "id"},
            "customExtension": {
                name: each["customExtension"][name] for name in ("@odata.type", "id")
            },
        }
        for each in read["customExtensionStageSettings"]
    ]
    return {
        **body,
        "accessPackage": {"id": read["accessPackage"]["id"]},
        "customExtensionStageSettings": settings,
        **changes,
    }


def put(graph: Any, body: Json, path: str = ITEM) -> Any:
    """The answer to a PUT."""
    return graph.send("PUT", path, body)


def beta(graph: Any, path: str = BETA_ITEM, **more: Any) -> Any:
    """The answer of beta."""
    root = graph.base.removesuffix("/v1.0")
    url = f"{root}/beta/identityGovernance/entitlementManagement{path}"
    return graph.send(more.pop("method", "GET"), url, **more)
