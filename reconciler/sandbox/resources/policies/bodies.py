"""A POST of an assignment policy (docs/graph.md §7.5), and a PUT, which replaces the whole object
(docs/graph.md §7.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from reconciler.sandbox.answers import EXTRA_MEMBERS, HIDDEN
from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError, invalid_model
from reconciler.sandbox.resources.policies.members import NEW_POLICY, POLICY
from reconciler.sandbox.resources.policies.settings import bound_settings
from reconciler.sandbox.shapes import check_shape, refuse_unknown_values
from reconciler.sandbox.switches import Switches
from reconciler.sandbox.timestamps import timestamp

if TYPE_CHECKING:  # see exchange.py
    from reconciler.sandbox.store import Store

_NEVER_SENT: Final = frozenset((HIDDEN, "createdDateTime", "modifiedDateTime"))

# What an answer shows of members that a POST omits is undecided: null, or an empty list.
_OMITTED: Final[Json] = {
    **dict.fromkeys(
        (
            "expiration",
            "requestorSettings",
            "requestApprovalSettings",
            "automaticRequestSettings",
            "reviewSettings",
            "notificationSettings",
        )
    ),
    "specificAllowedTargets": [],
    "questions": [],
    "customExtensionStageSettings": [],
}


def checked_package(body: Json) -> str:
    """The id of the access package that the body of a POST names, if the body is valid.

    Raises: GraphError 400 for an unknown or missing member or a bad value.
    """
    package = _package_id(body)
    refuse_unknown_values(body, "")
    check_shape(body, NEW_POLICY, [], "")
    return str(package)


def created(store: Store, switches: Switches, body: Json, package: str) -> Json:
    """The new policy of the access package with that id; `checked_package` has checked the body.

    Raises: GraphError 400 for a bad stage setting.
    """
    now = timestamp()
    new = {
        **_OMITTED,
        **{name: value for name, value in body.items() if name != "@odata.type"},
        "id": str(uuid4()),
        "createdDateTime": now,
        "modifiedDateTime": now,
        "accessPackage": {"id": package},
        HIDDEN: {},
    }
    given = new["customExtensionStageSettings"]
    own_ids = replace(switches, question_ids="renew", setting_ids="renew")
    return {
        **new,
        "questions": _with_ids(new["questions"], own_ids),
        "customExtensionStageSettings": bound_settings(store, own_ids, new, given),
    }


def replaced(store: Store, switches: Switches, stored: Json, body: Json) -> Json:
    """The policy after a PUT of `body`: what that omits is gone, except what v1.0 does not show if
    the switch keeps it.

    Raises: GraphError 400 for an unknown or missing member, another id or access package, a bad
        stage setting.
    """
    _check(stored, body)
    settings = body.get("customExtensionStageSettings") or []
    # A policy has no `@odata.type` of its own in answers, and extra members are not stored.
    dropped = {*EXTRA_MEMBERS, *({"@odata.type"} - set(stored))}
    hidden = stored.get(HIDDEN, {}) if switches.policy_hidden == "keep" else {}
    policy = {
        **{name: value for name, value in body.items() if name not in dropped},
        "id": stored["id"],
        "createdDateTime": stored["createdDateTime"],
        "modifiedDateTime": timestamp(),
        "accessPackage": stored["accessPackage"],
        HIDDEN: hidden,
        "questions": _with_ids(body["questions"], switches),
        "customExtensionStageSettings": bound_settings(store, switches, stored, settings),
    }
    return _altered(policy) if switches.policy_put_alters else policy


def _check(stored: Json, body: Json) -> None:
    package = _package_id(body)
    refuse_unknown_values(body, "")
    shown = {name: value for name, value in stored.items() if name not in _NEVER_SENT}
    check_shape(body, POLICY, [shown, EXTRA_MEMBERS], "")
    if package.lower() != stored["accessPackage"]["id"].lower():
        raise invalid_model("A policy cannot move to another access package.")
    if str(body.get("id", stored["id"])).lower() != stored["id"].lower():
        raise invalid_model("The id in the body is not the id in the URL.")


def _package_id(body: Json) -> Any:
    """The id of the access package that the body names, of any type yet."""
    package = body.get("accessPackage")
    if not isinstance(package, dict) or package.get("id") is None:
        raise GraphError(400, "ArgumentNullException", "Value cannot be null. Parameter name: Id")
    return package["id"]


def _with_ids(questions: Sequence[Any], switches: Switches) -> list[Any]:
    """The questions, each with an id: the one sent, or a new one."""
    answered = []
    for question in questions:
        if not isinstance(question, dict):  # only a seed can have introduced it
            answered.append(question)
            continue
        sent = question.get("id") if switches.question_ids == "keep" else None
        answered.append({**question, "id": sent or str(uuid4())})
    return answered


def _altered(policy: Json) -> Json:
    """The policy with one more change than was asked for."""
    requestor = policy["requestorSettings"]
    name = "enableTargetsToSelfAddAccess"
    if isinstance(requestor, dict) and isinstance(requestor.get(name), bool):
        return {**policy, "requestorSettings": {**requestor, name: not requestor[name]}}
    return {**policy, "description": f"{policy['description'] or ''} (altered)"}
