"""A stored policy in the names of beta, with the members that only beta shows.

Members that a seed already has under beta's names stay as they are. What has no other name in beta
is answered as in v1.0.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reconciler.sandbox.answers import HIDDEN
from reconciler.sandbox.checks import Json
from reconciler.sandbox.durations import seconds_of

_OF_V1: Final = frozenset(
    (
        "accessPackage",
        "allowedTargetScope",
        "specificAllowedTargets",
        "expiration",
        "reviewSettings",
        "notificationSettings",
        "customExtensionStageSettings",  # only by `$expand`, as in v1.0
        HIDDEN,
    )
)
_SCOPES: Final[Mapping[str, str]] = {
    "notSpecified": "NoSubjects",
    "specificDirectoryUsers": "SpecificDirectorySubjects",
    "specificConnectedOrganizationUsers": "SpecificConnectedOrganizationSubjects",
    "allMemberUsers": "AllExistingDirectoryMemberUsers",
    "allDirectoryUsers": "AllExistingDirectorySubjects",
    "allConfiguredConnectedOrganizationUsers": "AllConfiguredConnectedOrganizationSubjects",
    "allExternalUsers": "AllExternalSubjects",
}
_APPROVAL_MODES: Final = {0: "NoApproval", 1: "SingleStage"}
_RECURRENCES: Final = {1: "monthly", 3: "quarterly", 6: "halfyearly", 12: "annual"}
_SUBJECT_IDS: Final = ("userId", "groupId", "connectedOrganizationId", "servicePrincipalId")


def beta_policy(policy: Json) -> Json:
    """The policy as beta shows it, without what only `$expand` shows."""
    expiration = _object(policy.get("expiration"))
    derived = {
        "accessPackageId": policy["accessPackage"]["id"],
        "canExtend": _object(policy.get("requestorSettings")).get(
            "enableTargetsToSelfUpdateAccess"
        ),
        "durationInDays": _days(expiration.get("duration")) or 0,
        "expirationDateTime": expiration.get("endDateTime"),
        "accessReviewSettings": _or_null(_review_settings, policy.get("reviewSettings")),
        "accessPackageNotificationSettings": policy.get("notificationSettings"),
        "verifiableCredentialSettings": {"credentialTypes": []},
    }
    own = {name: value for name, value in policy.items() if name not in _OF_V1}
    renamed = {
        "requestorSettings": _requestor_settings(policy),
        "requestApprovalSettings": _or_null(
            _approval_settings, policy.get("requestApprovalSettings")
        ),
        "questions": [
            _question(each) if isinstance(each, dict) else each for each in policy["questions"]
        ],
    }
    answer: Json = merged({**derived, **own, **renamed}, policy.get(HIDDEN, {}))
    return answer


def merged(shown: Any, hidden: Any) -> Any:
    """`shown` with `hidden` laid over it: objects by member, arrays by position."""
    if isinstance(shown, dict) and isinstance(hidden, dict):
        both = {name: merged(shown[name], hidden[name]) for name in hidden if name in shown}
        return {**shown, **hidden, **both}
    if isinstance(shown, list) and isinstance(hidden, list):
        overlaid = [merged(*pair) for pair in zip(shown, hidden, strict=False)]
        return [*overlaid, *shown[len(overlaid) :], *hidden[len(overlaid) :]]
    return hidden


def _requestor_settings(policy: Json) -> Json:
    given = _object(policy.get("requestorSettings"))
    scope = policy.get("allowedTargetScope")
    derived = {
        "scopeType": _SCOPES.get(str(scope), scope),
        "acceptRequests": given.get("enableTargetsToSelfAddAccess", False),
        "allowedRequestors": _subjects(policy.get("specificAllowedTargets"), backup=False),
    }
    return {**derived, **_without(given, lambda name: name.startswith("enable"))}


def _approval_settings(given: Json) -> Json:
    stages = _objects(given.get("stages"))
    derived = {
        "isApprovalRequired": given.get("isApprovalRequiredForAdd"),
        "isApprovalRequiredForExtension": given.get("isApprovalRequiredForUpdate"),
        "approvalMode": _APPROVAL_MODES.get(len(stages), "Serial"),
        "approvalStages": [_approval_stage(stage) for stage in stages],
    }
    old = ("isApprovalRequiredForAdd", "isApprovalRequiredForUpdate", "stages")
    return {**derived, **_without(given, old.__contains__)}


def _approval_stage(given: Json) -> Json:
    minutes = seconds_of(given.get("durationBeforeEscalation"))
    derived = {
        "approvalStageTimeOutInDays": _days(given.get("durationBeforeAutomaticDenial")),
        "escalationTimeInMinutes": None if minutes is None else int(minutes // 60),
    }
    lists = {
        "primaryApprovers": _both(given, "primaryApprovers", "fallbackPrimaryApprovers"),
        "escalationApprovers": _both(given, "escalationApprovers", "fallbackEscalationApprovers"),
    }
    rest = _without(given, lambda name: name.startswith(("durationBefore", "fallback")))
    return {**derived, **rest, **lists}


def _review_settings(given: Json) -> Json:
    schedule = _object(given.get("schedule"))
    pattern = _object(_object(schedule.get("recurrence")).get("pattern"))
    derived = {
        "isAccessRecommendationEnabled": given.get("isRecommendationEnabled"),
        "isApprovalJustificationRequired": given.get("isReviewerJustificationRequired"),
        "accessReviewTimeoutBehavior": given.get("expirationBehavior"),
        "reviewerType": "Self" if given.get("isSelfReview") else "Reviewers",
        "recurrenceType": _RECURRENCES.get(pattern.get("interval", 0), "monthly"),
        "startDateTime": schedule.get("startDateTime"),
        "durationInDays": _days(_object(schedule.get("expiration")).get("duration")),
        "reviewers": _both(given, "primaryReviewers", "fallbackReviewers"),
    }
    old = {
        "isRecommendationEnabled",
        "isReviewerJustificationRequired",
        "expirationBehavior",
        "isSelfReview",
        "schedule",
        "primaryReviewers",
        "fallbackReviewers",
    }
    return {**derived, **_without(given, old.__contains__)}


def _question(given: Json) -> Json:
    """A question; its texts become objects, and so do those of its choices."""
    answer = _without(given, ("text", "localizations", "isMultipleSelectionAllowed").__contains__)
    if "isMultipleSelectionAllowed" in given:
        answer["allowsMultipleSelection"] = given["isMultipleSelectionAllowed"]
    if "choices" in given:
        answer["choices"] = [_choice(choice) for choice in _objects(given["choices"])]
    return {**answer, "text": _localized(given)}


def _choice(given: Json) -> Json:
    derived = {"displayValue": _localized(given)}
    return {**derived, **_without(given, ("text", "localizations").__contains__)}


def _localized(given: Json) -> Any:
    if isinstance(given.get("text"), dict):
        return given["text"]
    return {
        "defaultText": given.get("text"),
        "localizedTexts": _objects(given.get("localizations")),
    }


def _both(given: Json, first: str, fallback: str) -> list[Json]:
    """Both lists of v1.0 as the one of beta, in which the second ones are marked as backups."""
    return [
        *_subjects(given.get(first), backup=False),
        *_subjects(given.get(fallback), backup=True),
    ]


def _subjects(given: Any, *, backup: bool) -> list[Json]:
    return [_subject(each, backup=backup) for each in _objects(given)]


def _subject(given: Json, *, backup: bool) -> Json:
    renamed = {"id" if name in _SUBJECT_IDS else name: value for name, value in given.items()}
    return {"isBackup": backup, **renamed}


def _days(duration: Any) -> int | None:
    seconds = seconds_of(duration)
    return None if seconds is None else int(seconds // (24 * 3600))


def _without(given: Json, is_left_out: Callable[[str], bool]) -> Json:
    return {name: value for name, value in given.items() if not is_left_out(name)}


def _or_null(convert: Callable[[Json], Json], given: Any) -> Json | None:
    return convert(given) if isinstance(given, dict) else None


def _object(given: Any) -> Json:
    return given if isinstance(given, dict) else {}


def _objects(given: Any) -> list[Json]:
    listed: Iterable[Any] = given if isinstance(given, list) else ()
    return [each for each in listed if isinstance(each, dict)]
