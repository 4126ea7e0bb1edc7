"""Graph's JSON of an assignment policy → what it calls, and what of it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import RETRY
from reconciler.kinds.policy.fields import DYNAMIC_STAGE, PACKAGE, QUESTIONS, SETTINGS
from reconciler.kinds.policy.values import by_value, members_by_value
from reconciler.model.answers import expanded_list, identifier, text_or_none
from reconciler.model.json_values import JsonObject, JsonValue, canonical_json
from reconciler.model.objects import ObjectRef, Observed, Parents, Properties
from reconciler.model.odata import ODATA_TYPE, short_type
from reconciler.model.reason import Reason, reason

APPROVAL = ("requestApprovalSettings", "stages")
NOT_OWN = ("modifiedDateTime", "catalog")
"""Members that change without a change of the policy."""
NOTHING_KNOWN = ObjectRef("extension", None, None)
"""In place of an extension that the answer does not identify."""

Stages = Mapping[str, Mapping[str, ObjectRef]]
"""Stage → the extensions that it calls, by id; one that is not identified has no id."""


def observe(parents: Parents, body: Mapping[str, Any]) -> Observed:
    """The policy in the body of an answer that shows its stage settings.

    The path of an extension is `("customExtensionStageSettings", stage)`, also at an unknown stage.
    Where there are several at one stage, their ids are at that path, and each is at a longer one.

    Raises:
        ServiceAnswerError: the body has no usable id, or does not show the settings: absent means
            not read, never none (docs/graph.md §7.2).
    """
    policy_id, name = identifier(body, "a policy"), text_or_none(body.get("displayName"))
    of = f"policy {policy_id}"
    stages, all_called = _called(expanded_list(body, SETTINGS, of))
    deciding, all_deciding = _approving(body)
    return Observed(
        ref=ObjectRef("policy", policy_id, name),
        parents=parents,
        properties={**_properties(stages), **deciding},
        raw=body,
        last_modified_at=text_or_none(body.get("modifiedDateTime")),
        incomplete=_incomplete(of, all_called=all_called, all_deciding=all_deciding),
    )


def content(observed: Observed) -> JsonObject:
    """Everything of the policy that counts, such that equivalent answers are equal: without times,
    ids that the service gives to settings and questions, copies of other objects, annotations,
    nulls and empty lists.

    The settings are by stage, so that the path of a stage is that of its row.
    """
    raw = observed.raw
    own = {name: value for name, value in raw.items() if name not in (*NOT_OWN, ODATA_TYPE)}
    plain = members_by_value(own)
    plain[PACKAGE] = _identity(raw.get(PACKAGE))
    plain[SETTINGS] = _settings(raw.get(SETTINGS, ()))
    plain[QUESTIONS] = _questions(raw.get(QUESTIONS))
    return plain


def notes(before: Observed, after: Observed) -> Iterator[Reason]:
    """A note where the service gave the questions new ids: answers refer to them
    (docs/graph.md §7.3).
    """
    if _question_ids(before) != _question_ids(after):
        yield reason("question_ids_changed")


def _called(settings: list[Mapping[str, Any]]) -> tuple[Stages, bool]:
    """The extensions at their stages, and whether each setting names its stage and extension."""
    stages: defaultdict[str, dict[str, ObjectRef]] = defaultdict(dict)
    complete = True
    for setting in settings:
        stage, extension = setting.get("stage"), extension_in(setting)
        complete = complete and isinstance(stage, str) and extension is not None
        if isinstance(stage, str):
            called = extension or NOTHING_KNOWN
            stages[stage][called.id or ""] = called
    return stages, complete


def _properties(stages: Stages) -> Properties:
    properties: Properties = {}
    for stage, extensions in stages.items():
        first, *others = extensions.values()
        properties[SETTINGS, stage] = [*sorted(extensions)] if others else first
        if others:
            properties |= {(SETTINGS, stage, key): each for key, each in extensions.items()}
    return properties


def _approving(body: Mapping[str, Any]) -> tuple[Properties, bool]:
    """The extensions that decide who approves, by the number of the approval stage, and whether
    each dynamic stage names its own: v1.0 does not always show it (docs/graph.md §7.1).
    """
    settings = body.get(APPROVAL[0])
    stages = settings.get(APPROVAL[1]) if isinstance(settings, Mapping) else None
    deciding: Properties = {}
    complete = True
    for number, stage in enumerate(stages if isinstance(stages, list) else (), 1):
        held = stage if isinstance(stage, Mapping) else {}
        extension = extension_in(held)
        if extension is not None:
            deciding[(*APPROVAL, str(number))] = extension
        is_dynamic = str(held.get(ODATA_TYPE)).endswith(DYNAMIC_STAGE)
        complete = complete and (extension is not None or not is_dynamic)
    return deciding, complete


def _incomplete(of: str, *, all_called: bool, all_deciding: bool) -> str | None:
    """Why the policy may call more than it shows, and what to do; None if it cannot."""
    if not all_called:
        return (
            f"Graph returned {of} with a stage setting without its stage or the id of its"
            f" extension. {RETRY}"
        )
    if not all_deciding:
        return (
            f"Graph returned {of} with a dynamic approval stage, and v1.0 does not show which"
            " extension decides there. Look it up, and delete extensions of this catalog, in the"
            " Microsoft Entra admin center."
        )
    return None


def extension_in(holder: Mapping[str, Any]) -> ObjectRef | None:
    """The extension in a setting or a stage; None if there is none, or its id is missing."""
    body = holder.get("customExtension")
    if not isinstance(body, Mapping) or body.get("id") is None:
        return None
    type_name = short_type(body.get(ODATA_TYPE), {}) or None
    name = text_or_none(body.get("displayName"))
    return ObjectRef("extension", identifier(body, "an extension"), name, type_name)


def _settings(settings: Any) -> JsonObject:
    """What each stage calls: its settings in no order, each without its id."""
    by_stage: defaultdict[str, list[JsonValue]] = defaultdict(list)
    for setting in settings:
        other = {name: value for name, value in setting.items() if name not in ("id", "stage")}
        other["customExtension"] = _identity(setting.get("customExtension"))
        by_stage[str(setting.get("stage"))].append(by_value(other))
    return {stage: sorted(called, key=canonical_json) for stage, called in by_stage.items()}


def _identity(body: Any) -> JsonValue:
    """An object that the policy refers to, by id and type."""
    if not isinstance(body, Mapping):
        return None
    type_name = short_type(body.get(ODATA_TYPE), {}) or None
    object_id = body.get("id")
    return {"id": object_id.lower() if isinstance(object_id, str) else None, "type": type_name}


def _questions(questions: Any) -> JsonValue:
    """The questions without their ids; questions that were not read are not equal to none."""
    if not isinstance(questions, list):
        return "not read"
    return [by_value(_without_id(question)) for question in questions] or None


def _without_id(question: Any) -> Any:
    if not isinstance(question, Mapping):
        return question
    return {name: value for name, value in question.items() if name != "id"}


def _question_ids(observed: Observed) -> list[Any]:
    questions = observed.raw.get(QUESTIONS)
    listed = questions if isinstance(questions, list) else []
    return [question.get("id") for question in listed if isinstance(question, Mapping)]
