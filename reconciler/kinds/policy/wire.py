"""Graph's JSON of an assignment policy → what it calls (docs/graph.md §7.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from reconciler.errors import GraphAnswerError
from reconciler.model.answers import expanded_list, identifier, text_or_none
from reconciler.model.fields import Field, Fields, as_written
from reconciler.model.objects import NAME, ObjectRef, Observed, Parents, Properties
from reconciler.model.odata import ODATA_TYPE, short_type

SETTINGS = "customExtensionStageSettings"
STAGES = (
    "assignmentRequestCreated",
    "assignmentRequestApproved",
    "assignmentRequestGranted",
    "assignmentRequestRemoved",
    "assignmentFourteenDaysBeforeExpiration",
    "assignmentOneDayBeforeExpiration",
)
FIELDS = Fields(
    {
        NAME: Field(as_written, own=True),
        **{(SETTINGS, stage): Field(refers_to="extension") for stage in STAGES},
    }
)
APPROVAL = ("requestApprovalSettings", "stages")


def observe(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The policy in the body of an answer that shows which extension it calls at which stage.

    The path of an extension is `("customExtensionStageSettings", stage)`, also at an unknown stage;
    of several at one stage, each path ends in the id of its extension.

    Raises:
        GraphAnswerError: the body has no usable id, or does not show every extension with its id:
            absent means not read, never none (docs/graph.md §7.2).
    """
    policy_id, name = identifier(body, "a policy"), text_or_none(body.get("displayName"))
    called = _called(body, f"policy {policy_id}")
    return Observed(
        ref=ObjectRef("policy", policy_id, name),
        parents=parents,
        properties={NAME: name, **called, **_approving(body)},
        raw=body,
        last_modified_at=text_or_none(body.get("modifiedDateTime")),
    )


def _called(body: Mapping[str, Any], of: str) -> Properties:
    """The extensions at their stages, from the settings, which `$expand` asked for."""
    stages: defaultdict[str, dict[str, ObjectRef]] = defaultdict(dict)
    for setting in expanded_list(body, SETTINGS, of):
        stage, extension = setting.get("stage"), _extension(setting)
        if not isinstance(stage, str) or extension is None:
            raise GraphAnswerError(
                f"Graph returned {of} with a stage setting without its stage or the id of its"
                " extension."
            )
        stages[stage][str(extension.id)] = extension
    called: Properties = {}
    for stage, extensions in stages.items():
        alone = len(extensions) == 1
        for extension_id, extension in extensions.items():
            called[(SETTINGS, stage) if alone else (SETTINGS, stage, extension_id)] = extension
    return called


def _approving(body: Mapping[str, Any]) -> Properties:
    """The extensions that decide who approves, by the number of the approval stage.

    Whether v1.0 shows them is open (docs/graph.md §7.1): without one nothing is concluded.
    """
    settings = body.get(APPROVAL[0])
    stages = settings.get(APPROVAL[1]) if isinstance(settings, Mapping) else None
    deciding: Properties = {}
    for number, stage in enumerate(stages if isinstance(stages, list) else (), 1):
        extension = _extension(stage) if isinstance(stage, Mapping) else None
        if extension is not None:
            deciding[(*APPROVAL, str(number))] = extension
    return deciding


def _extension(holder: Mapping[str, Any]) -> ObjectRef | None:
    """The extension in a stage; None if there is none, or its id is missing."""
    body = holder.get("customExtension")
    if not isinstance(body, Mapping) or body.get("id") is None:
        return None
    type_name = short_type(body.get(ODATA_TYPE), {}) or None
    name = text_or_none(body.get("displayName"))
    return ObjectRef("extension", identifier(body, "an extension"), name, type_name)
