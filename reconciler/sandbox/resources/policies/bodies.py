"""What PUT accepts for an assignment policy: the whole object, its stage settings checked
(docs/graph.md §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from reconciler.sandbox.answers import EXTRA_MEMBERS
from reconciler.sandbox.checks import (
    Check,
    Json,
    any_text,
    anything,
    guid,
    mapping,
    members,
    nullable,
    one_of,
    sequence,
    text,
)
from reconciler.sandbox.errors import GraphError, invalid_model
from reconciler.sandbox.relations import catalog_of
from reconciler.sandbox.resources.extensions.bodies import EXPIRY_TYPE, REQUEST_TYPE
from reconciler.sandbox.timestamps import timestamp

if TYPE_CHECKING:
    from reconciler.sandbox.store import Store

STAGES: Final[Mapping[str, str]] = {  # the extension type of each stage: docs/graph.md §7.1
    "assignmentRequestCreated": REQUEST_TYPE,
    "assignmentRequestApproved": REQUEST_TYPE,
    "assignmentRequestGranted": REQUEST_TYPE,
    "assignmentRequestRemoved": REQUEST_TYPE,
    "assignmentFourteenDaysBeforeExpiration": EXPIRY_TYPE,
    "assignmentOneDayBeforeExpiration": EXPIRY_TYPE,
}
_REQUIRED: Final[Mapping[str, Check]] = {  # docs/graph.md §7.3
    "displayName": text,
    "description": nullable(any_text),
    "allowedTargetScope": text,
    "specificAllowedTargets": sequence,
    "expiration": nullable(mapping),
    "requestorSettings": nullable(mapping),
    "requestApprovalSettings": nullable(mapping),
    "automaticRequestSettings": nullable(mapping),
    "reviewSettings": nullable(mapping),
    "questions": sequence,
}
_OPTIONAL: Final[Mapping[str, Check]] = {
    "accessPackage": mapping,
    "notificationSettings": nullable(mapping),
    "customExtensionStageSettings": sequence,
    # docs/graph.md §7.3: clients return unknown members unchanged; those that the sandbox adds are
    # accepted.
    **dict.fromkeys(EXTRA_MEMBERS, anything),
}
_SETTING: Final[Mapping[str, Check]] = {
    "id": guid,
    "stage": one_of(*STAGES),
    "customExtension": mapping,
}


def replaced(store: Store, stored: Json, body: Json) -> Json:
    """The policy after a PUT of `body`, which replaces it: absent optional members are removed
    (docs/graph.md §7.3).

    Raises: GraphError 400 for an unknown or missing member, another access package, a bad stage
        setting.
    """
    if not isinstance(body.get("accessPackage"), dict) or "id" not in body["accessPackage"]:
        raise GraphError(400, "ArgumentNullException", "Value cannot be null. Parameter name: Id")
    given = members(body, "", {**_REQUIRED, **_OPTIONAL}, required=_REQUIRED)
    package = members(body["accessPackage"], "accessPackage", {"id": guid})["id"].lower()
    if package != stored["accessPackage"]["id"].lower():
        raise invalid_model("A policy cannot move to another access package.")
    settings = given.get("customExtensionStageSettings", [])
    catalog = catalog_of(store, stored)
    kept = {name: value for name, value in given.items() if name not in EXTRA_MEMBERS}
    return {
        **kept,
        "id": stored["id"],
        "createdDateTime": stored["createdDateTime"],
        "modifiedDateTime": timestamp(),
        "accessPackage": {"id": package},
        "customExtensionStageSettings": [
            _setting(store, setting, catalog, stored["id"]) for setting in settings
        ],
    }


def _setting(store: Store, given: Any, catalog: str | None, policy: str) -> Json:
    where = "customExtensionStageSettings"
    setting = members(given, where, _SETTING, required=("stage", "customExtension"))
    extension = members(
        setting["customExtension"], f"{where}/customExtension", {"id": guid}, required=("id",)
    )
    identity = extension["id"].lower()
    row = store.find("extension", identity, catalog) if catalog else None
    if row is None:
        raise invalid_model(
            f"The custom extension '{identity}' does not exist in the policy's catalog."
        )
    kind = row.document["@odata.type"].removeprefix("#")
    named = str(setting["customExtension"].get("@odata.type", kind)).removeprefix("#")
    if named.lower() != kind.lower() or kind != STAGES[setting["stage"]]:
        raise invalid_model(
            f"An extension of type '{kind}' cannot be used at stage '{setting['stage']}'."
        )
    derived = str(uuid5(NAMESPACE_URL, f"{policy}/{setting['stage']}/{identity}"))
    return {
        "id": setting.get("id", derived),
        "stage": setting["stage"],
        "customExtension": {"id": identity},
    }
