"""The read through the beta version before a policy is written: v1.0 does not show everything that
a policy has, and whether a PUT keeps what it does not show is undecided (docs/graph.md §7.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.errors import ServiceAnswerError, ServiceError
from reconciler.model.answers import identifier
from reconciler.model.graph import Graph, Request
from reconciler.model.kind import SecondLook
from reconciler.model.objects import ObjectRef, Observed
from reconciler.model.reason import Reason, reason

_ADDRESS = (
    "{+baseurl}/identityGovernance/entitlementManagement/accessPackageAssignmentPolicies/{policy}"
)
_APPROVAL = "requestApprovalSettings"
_FIRST_STAGES = (f"{_APPROVAL}/approvalStages/*", f"{_APPROVAL}/stages/*")
_JUSTIFICATION = f"{_APPROVAL}/isRequestorJustificationRequired"
_REVIEWS = ("accessReviewSettings", "reviewSettings")
_NOTIFICATIONS = ("accessPackageNotificationSettings", "notificationSettings")
HIDDEN: Mapping[str, tuple[str, ...]] = {
    "verifiableCredentialSettings/credentialTypes": (),
    "isDenyPolicy": (),
    "isCustomAssignmentScheduleAllowed": (),
    f"{_APPROVAL}/skipManagerApprovalForManagerAsRequestor": (),
    **{f"{stage}/isApproverAllowedToModifyRequest": () for stage in _FIRST_STAGES},
    **{f"{stage}/customExtension": () for stage in _FIRST_STAGES},
    **{f"{review}/isReminderNotificationsDisabled": () for review in _REVIEWS},
    **{f"{review}/isAgenticExperienceEnabled": () for review in _REVIEWS},
    "questions/*/attribute": (),
    # These three v1.0 shows too, but not in every cloud.
    **{
        f"{stage}/{name}": (f"{_APPROVAL}/stages/*/approverInformationVisibility",)
        for stage in _FIRST_STAGES
        for name in ("approverInformationVisibility", "isApproverInformationVisibleToRequestor")
    },
    _JUSTIFICATION: (_JUSTIFICATION,),
    **{f"{each}/isAssignmentNotificationDisabled": _NOTIFICATIONS for each in _NOTIFICATIONS},
}
"""Path in the answer of beta → the paths in the answer of v1.0 that show the same, if any do.

Source: docs/graph.md §7.4.
"""
_NOT_SET = (None, False, "", "default")


async def read(graph: Graph, ref: ObjectRef) -> Mapping[str, Any]:
    """The policy as beta shows it.

    Raises:
        ServiceError: it could not be read, or the answer is another policy.
    """
    request = Request("GET", _ADDRESS, {"policy": str(ref.id)}, beta=True)
    answer = await graph.read(request)
    answered = identifier(answer.body, "a policy")
    if "displayName" not in answer.body:  # from less than a policy, nothing is concluded
        raise ServiceAnswerError(
            f"Graph returned policy {answered} without displayName.", request_id=answer.request_id
        )
    if answered.lower() != str(ref.id).lower():
        raise ServiceAnswerError(
            f"Graph returned policy {answered} instead of {ref.id}.", request_id=answer.request_id
        )
    return answer.body


def problem(policy: Observed, beta: Mapping[str, Any] | ServiceError) -> Reason | None:
    """Which settings of the policy v1.0 does not show; it must not be written then."""
    if isinstance(beta, ServiceError):
        return reason("hidden_settings_unread", error=str(beta))
    paths = sorted(
        path for path, shown_at in HIDDEN.items() if _is_hidden(path, shown_at, policy, beta)
    )
    return reason("hidden_settings", paths=[*paths]) if paths else None


def _is_hidden(
    path: str, shown_at: Sequence[str], policy: Observed, beta: Mapping[str, Any]
) -> bool:
    hidden = [value for value in _values(beta, path.split("/")) if _is_set(value)]
    shown: list[Any] = []
    for v1_path in shown_at:
        values = _values(policy.raw, v1_path.split("/"))
        shown += [value for value in values if value is not None]
    return len(shown) < len(hidden)


def _is_set(value: Any) -> bool:
    return value not in _NOT_SET and value not in ([], {})


def _values(holder: Any, path: Sequence[str]) -> Iterator[Any]:
    """The values at the path; `*` stands for every item of a list. One of an unexpected shape on
    the way counts as a value there.
    """
    if not path:
        yield holder
        return
    name, *rest = path
    if name == "*" and isinstance(holder, list):
        for each in holder:
            yield from _values(each, rest)
    elif name != "*" and isinstance(holder, Mapping):
        yield from _values(holder.get(name), rest)
    else:
        yield holder


SECOND_LOOK = SecondLook(read, problem)
