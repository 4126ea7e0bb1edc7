"""What somebody can do to the policy of `bindings` while a plan that binds `notify` waits: edits
that make the plan stale, and those that do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from bindings import (
    APPROVED,
    AUDIT,
    CREATED,
    GRANTED,
    NOTIFY,
    ONE_DAY,
    OTHER_PACKAGE,
    SETTINGS,
    setting,
)
from harness import Json

Edit = Callable[[Json], Json]
"""From the policy as it is to the members that change."""


def member(*path: Any, value: Any) -> Edit:
    """Sets the value at this path."""

    def edit(policy: Json) -> Json:
        whole = deepcopy(policy)
        holder: Any = whole
        for name in path[:-1]:
            holder = holder[name]
        holder[path[-1]] = value
        return {path[0]: whole[path[0]]}

    return edit


def calling(*settings: Json) -> Edit:
    """From now on, the policy calls this."""
    return lambda _policy: {SETTINGS: [*settings]}


def _with_other_ids(policy: Json) -> Json:
    """Every setting and question with another id, the settings in another order."""
    renewed: dict[str, list[Json]] = {}
    for name in (SETTINGS, "questions"):
        renewed[name] = [
            {**each, "id": f"00000000-0000-4000-8000-{number:012}"}
            for number, each in enumerate(policy[name], 500)
        ]
    return {**renewed, SETTINGS: renewed[SETTINGS][::-1]}


_APPROVAL = ("requestApprovalSettings", "stages", 0)
_REVIEWS = ("reviewSettings", "schedule")
STALE: Mapping[str, Edit] = {
    "description": member("description", value="by hand"),
    "name": member("displayName", value="Employees (old)"),
    "approver": member(*_APPROVAL, "primaryApprovers", value=[]),
    "duration": member(*_APPROVAL, "durationBeforeEscalation", value="PT37H"),
    "flag": member(*_APPROVAL, "isEscalationEnabled", value=False),
    "expiration": member("expiration", "duration", value="P91D"),
    "review": member(*_REVIEWS, "startDateTime", value="2030-01-07T07:00:00Z"),
    "recurrence": member(*_REVIEWS, "recurrence", "pattern", "month", value=1),
    "no reviews": member("reviewSettings", value=None),
    "question": member("questions", 0, "text", value="Whence?"),
    "question removed": member("questions", value=[]),
    "question order": lambda policy: {"questions": policy["questions"][::-1]},
    "notifications": member("notificationSettings", value=None),
    "unknown member": member("somethingNew", value={"is": "set"}),
    "access package": member("accessPackage", value={"id": OTHER_PACKAGE}),
    "same stage": calling(setting(CREATED, AUDIT), setting(GRANTED, AUDIT)),
    "same stage twice": calling(
        setting(CREATED, NOTIFY), setting(CREATED, AUDIT), setting(GRANTED, AUDIT)
    ),
    "other stage": calling(setting(GRANTED, NOTIFY)),
    "other stage removed": calling(),
    "other stage added": calling(setting(GRANTED, AUDIT), setting(APPROVED, AUDIT)),
    "expiry stage added": calling(setting(GRANTED, AUDIT), setting(ONE_DAY, NOTIFY)),
}
"""Edits after which a plan that binds CREATED must not be applied."""
NOT_STALE: Mapping[str, Edit] = {
    "only the time": lambda _policy: {},
    "ids and order": _with_other_ids,
    "duration in hours": member(*_APPROVAL, "durationBeforeAutomaticDenial", value="PT336H"),
    "time with zeros": member(*_REVIEWS, "startDateTime", value="2030-01-07T06:59:59.9980000Z"),
    "empty list in place of null": member("automaticRequestSettings", value=[]),
    "null in place of empty list": member("specificAllowedTargets", value=None),
}
"""Edits that change nothing of the policy."""
