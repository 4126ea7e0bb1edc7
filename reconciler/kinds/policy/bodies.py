"""The body of a policy's PUT: the policy as it was read, with other extensions at the stages that
change.

The PUT replaces the whole policy, and what the body omits is lost (docs/graph.md §7.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.kinds.policy.fields import FIELDS, PACKAGE, SETTINGS, STAGES
from reconciler.model.json_values import JsonObject, JsonValue
from reconciler.model.kind import Body
from reconciler.model.objects import ObjectRef, Observed, Path, Value
from reconciler.model.odata import ODATA_TYPE, odata_type

SERVER_SET = ("id", "createdDateTime", "modifiedDateTime", "catalog")
REQUIRED = ("automaticRequestSettings", "reviewSettings")
"""Members that a body must have, null for none (docs/graph.md §7.3). Without questions, which it
must have too, a policy is not written at all.
"""

Called = Mapping[str, Value]
"""The stages that change, each with the extension that it calls from now on, or None."""


def bodies(_ref: ObjectRef, before: Observed | None, after: Mapping[Path, Value]) -> Sequence[Body]:
    """The one body of the update; everything but the stages that change is as it was read, in the
    same order, with the same digits.
    """
    if before is None:
        raise AssertionError("policies are never created")
    changed = dict(_changed(before.properties, after))
    members: JsonObject = {}
    for name, value in before.raw.items():
        if name not in SERVER_SET and not is_context(name):
            members[name] = _member(name, value, changed)
    for name in REQUIRED:
        members.setdefault(name, None)
    return (Body(members),)


def is_context(name: str) -> bool:
    """True for an annotation that describes the answer, not the policy."""
    return name.endswith("@odata.context") or name == "@microsoft.graph.tips"


def _changed(
    before: Mapping[Path, Value], after: Mapping[Path, Value]
) -> Iterator[tuple[str, Value]]:
    for stage in STAGES:
        path = (SETTINGS, stage)
        sides = [FIELDS.comparable(path, each.get(path)) for each in (before, after)]
        if sides[0] != sides[1]:
            yield stage, after.get(path)


def _member(name: str, value: Any, changed: Called) -> JsonValue:
    if name == PACKAGE:
        return {"id": value["id"]}
    return _settings(value, changed) if name == SETTINGS else _as_read(value)


def _as_read(value: Any) -> JsonValue:
    """The value without annotations that describe the answer, at any depth."""
    if isinstance(value, Mapping):
        return _members_as_read(value)
    if isinstance(value, list):
        return [_as_read(each) for each in value]
    kept: JsonValue = value
    return kept


def _members_as_read(value: Mapping[str, Any]) -> JsonObject:
    return {name: _as_read(inner) for name, inner in value.items() if not is_context(name)}


def _settings(settings: Sequence[Mapping[str, Any]], changed: Called) -> list[JsonValue]:
    """The settings; those of a stage that changes give way to its new one, or are removed."""
    waiting = {stage: called for stage, called in changed.items() if called is not None}
    written: list[JsonValue] = []
    for setting in settings:
        stage = setting["stage"]
        if stage not in changed:
            written.append(_setting(setting))
        elif stage in waiting:
            written.append({**_setting(setting), **_new_setting(stage, waiting.pop(stage))})
    return [*written, *(_new_setting(*each) for each in waiting.items())]


def _setting(setting: Mapping[str, Any]) -> JsonObject:
    """A setting as it was read, without the id that the service gave it."""
    kept = {name: value for name, value in setting.items() if name != "id"}
    identity = (ODATA_TYPE, "id")
    extension = setting["customExtension"]
    kept["customExtension"] = {name: extension[name] for name in identity if name in extension}
    return _members_as_read(kept)


def _new_setting(stage: str, called: Value) -> JsonObject:
    if not isinstance(called, ObjectRef) or called.id is None or called.type is None:
        raise AssertionError("an extension is resolved before a policy is written")
    extension: JsonObject = {ODATA_TYPE: odata_type(called.type), "id": called.id}
    return {"stage": stage, "customExtension": extension}
