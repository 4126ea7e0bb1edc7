"""The members of an assignment policy that v1.0 knows, as Microsoft's metadata has them
(docs/graph.md §7).
"""

from collections.abc import Mapping
from typing import Final

from reconciler.sandbox.checks import any_text, anything, boolean, guid, nullable, text, whole
from reconciler.sandbox.durations import duration
from reconciler.sandbox.resources.extensions.bodies import EXPIRY_TYPE, REQUEST_TYPE
from reconciler.sandbox.shapes import Each, Enum, Members, Shape

STAGES: Final[Mapping[str, str]] = {  # the extension type of each stage: docs/graph.md §7.1
    "assignmentRequestCreated": REQUEST_TYPE,
    "assignmentRequestApproved": REQUEST_TYPE,
    "assignmentRequestGranted": REQUEST_TYPE,
    "assignmentRequestRemoved": REQUEST_TYPE,
    "assignmentFourteenDaysBeforeExpiration": EXPIRY_TYPE,
    "assignmentOneDayBeforeExpiration": EXPIRY_TYPE,
}
_PREFIX: Final = "microsoft.graph."
_TEXT: Final = nullable(any_text)
_FLAG: Final = nullable(boolean)
_DURATION: Final = nullable(duration)
_INT32: Final = whole(-(2**31), 2**31 - 1)
_DAY: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

_SUBJECT: Final = Members(
    {
        "userId": _TEXT,
        "groupId": _TEXT,
        "connectedOrganizationId": _TEXT,
        "servicePrincipalId": _TEXT,
        "description": _TEXT,
        "managerLevel": nullable(_INT32),
        "membershipRule": _TEXT,
        "rule": _TEXT,
        "groups": anything,
    },
    types=tuple(
        _PREFIX + name
        for name in (
            "singleUser",
            "groupMembers",
            "requestorManager",
            "targetManager",
            "internalSponsors",
            "externalSponsors",
            "targetUserSponsors",
            "targetApplicationOwners",
            "targetAgentIdentitySponsorsOrOwners",
            "connectedOrganizationMembers",
            "singleServicePrincipal",
            "attributeRuleMembers",
            "identityGovernance.ruleBasedSubjectSet",
            "identityGovernance.groupBasedSubjectSet",
        )
    ),
    nullable=False,
)
_SUBJECTS: Final = Each(_SUBJECT)
_EXPIRATION: Final = Members(
    {
        "duration": _DURATION,
        "endDateTime": _TEXT,
        "type": Enum(("notSpecified", "noExpiration", "afterDateTime", "afterDuration")),
    }
)
_REQUESTOR_SETTINGS: Final = Members(
    {
        "enableTargetsToSelfAddAccess": _FLAG,
        "enableTargetsToSelfUpdateAccess": _FLAG,
        "enableTargetsToSelfRemoveAccess": _FLAG,
        "allowCustomAssignmentSchedule": _FLAG,
        "enableOnBehalfRequestorsToAddAccess": _FLAG,
        "enableOnBehalfRequestorsToUpdateAccess": _FLAG,
        "enableOnBehalfRequestorsToRemoveAccess": _FLAG,
        "onBehalfRequestors": _SUBJECTS,
    }
)
_APPROVAL_STAGE: Final = Members(
    {
        "approverInformationVisibility": Enum(("default", "notVisible", "visible"), nullable=False),
        "durationBeforeAutomaticDenial": _DURATION,
        "durationBeforeEscalation": _DURATION,
        "isApproverJustificationRequired": _FLAG,
        "isEscalationEnabled": _FLAG,
        "primaryApprovers": _SUBJECTS,
        "fallbackPrimaryApprovers": _SUBJECTS,
        "escalationApprovers": _SUBJECTS,
        "fallbackEscalationApprovers": _SUBJECTS,
    },
    types=(_PREFIX + "accessPackageApprovalStage", _PREFIX + "accessPackageDynamicApprovalStage"),
    default_type=_PREFIX + "accessPackageApprovalStage",
    nullable=False,
)
_APPROVAL_SETTINGS: Final = Members(
    {
        "isApprovalRequiredForAdd": _FLAG,
        "isApprovalRequiredForUpdate": _FLAG,
        "isRequestorJustificationRequired": _FLAG,
        "stages": Each(_APPROVAL_STAGE),
    }
)
_PATTERN: Final = Members(
    {
        "type": Enum(
            (
                "daily",
                "weekly",
                "absoluteMonthly",
                "relativeMonthly",
                "absoluteYearly",
                "relativeYearly",
            )
        ),
        "interval": _INT32,
        "month": _INT32,
        "dayOfMonth": _INT32,
        "daysOfWeek": Each(Enum(_DAY, nullable=False)),
        "firstDayOfWeek": Enum(_DAY),
        "index": Enum(("first", "second", "third", "fourth", "last")),
    }
)
_RANGE: Final = Members(
    {
        "type": Enum(("endDate", "noEnd", "numbered")),
        "numberOfOccurrences": _INT32,
        "recurrenceTimeZone": _TEXT,
        "startDate": _TEXT,
        "endDate": _TEXT,
    }
)
_SCHEDULE: Final = Members(
    {
        "startDateTime": _TEXT,
        "expiration": _EXPIRATION,
        "recurrence": Members({"pattern": _PATTERN, "range": _RANGE}),
    }
)
_REVIEW_SETTINGS: Final = Members(
    {
        "isEnabled": _FLAG,
        "expirationBehavior": Enum(("keepAccess", "removeAccess", "acceptAccessRecommendation")),
        "isRecommendationEnabled": _FLAG,
        "isReviewerJustificationRequired": _FLAG,
        "isSelfReview": _FLAG,
        "schedule": _SCHEDULE,
        "primaryReviewers": _SUBJECTS,
        "fallbackReviewers": _SUBJECTS,
    }
)
_LOCALIZED: Final = Each(Members({"languageCode": any_text, "text": _TEXT}, nullable=False))
_CHOICE: Final = Members(
    {"actualValue": _TEXT, "text": _TEXT, "localizations": _LOCALIZED}, nullable=False
)
_QUESTION: Final = Members(
    {
        "id": nullable(guid),
        "isAnswerEditable": _FLAG,
        "isRequired": _FLAG,
        "localizations": _LOCALIZED,
        "sequence": nullable(_INT32),
        "text": _TEXT,
        "isSingleLineQuestion": _FLAG,
        "regexPattern": _TEXT,
        "choices": Each(_CHOICE),
        "isMultipleSelectionAllowed": _FLAG,
    },
    types=(
        _PREFIX + "accessPackageTextInputQuestion",
        _PREFIX + "accessPackageMultipleChoiceQuestion",
    ),
    nullable=False,
)
_STAGE_SETTING: Final = Members(
    {
        "id": nullable(guid),
        "stage": Enum(tuple(STAGES), nullable=False),
        "customExtension": Members({"id": guid}, required=("id",), nullable=False),
    },
    required=("stage", "customExtension"),
    nullable=False,
)
_SCOPES: Final = (
    "notSpecified",
    "specificDirectoryUsers",
    "specificConnectedOrganizationUsers",
    "specificDirectoryServicePrincipals",
    "allMemberUsers",
    "allDirectoryUsers",
    "allDirectoryServicePrincipals",
    "allConfiguredConnectedOrganizationUsers",
    "allExternalUsers",
    "allDirectoryAgentIdentities",
)
_REQUIRED: Final[
    Mapping[str, Shape]
] = {  # docs/graph.md §7.3; `accessPackage` is required with an error of its own
    "displayName": text,
    "description": _TEXT,
    "allowedTargetScope": Enum(_SCOPES),
    "specificAllowedTargets": _SUBJECTS,
    "expiration": _EXPIRATION,
    "requestorSettings": _REQUESTOR_SETTINGS,
    "requestApprovalSettings": _APPROVAL_SETTINGS,
    "automaticRequestSettings": Members(
        {
            "requestAccessForAllowedTargets": _FLAG,
            "removeAccessWhenTargetLeavesAllowedTargets": _FLAG,
            "gracePeriodBeforeAccessRemoval": _DURATION,
        }
    ),
    "reviewSettings": _REVIEW_SETTINGS,
    "questions": Each(_QUESTION),
}
POLICY: Final = Members(
    {
        **_REQUIRED,
        "id": guid,
        "accessPackage": Members({"id": guid}, nullable=False),
        "notificationSettings": Members({"isAssignmentNotificationDisabled": boolean}),
        "customExtensionStageSettings": Each(_STAGE_SETTING),
    },
    required=tuple(_REQUIRED),
)
"""The body of a PUT."""
NEW_POLICY: Final = Members(
    {name: shape for name, shape in POLICY.known.items() if name != "id"},
    required=("displayName", "description", "allowedTargetScope"),
)
"""The body of a POST; required is what every documented example of one has."""
