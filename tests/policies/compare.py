"""What of a policy differs between two texts, outside of one stage: numbers by their digits,
members with their order, nulls and undeclared members too.

Left out is what an update cannot or need not keep: the policy's id, times and catalog, annotations
of the answer, ids of settings, and what access package and extensions say beyond their identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.policies.json_text import Tree, parsed, written

SETTINGS = "customExtensionStageSettings"
_SERVERS = ("id", "createdDateTime", "modifiedDateTime", "catalog")
_REQUIRED: dict[str, tuple[Tree, ...]] = {
    "reviewSettings": (None,),
    "automaticRequestSettings": (None,),
    "questions": (None, []),
}
"""The members that an update may send with such a value where the policy had null or nothing."""


def differences(before: str | bytes, after: str | bytes, stage: str | None) -> list[str]:
    """Every difference of two policies outside of the stage, with its JSON pointer; no stage is
    left out for None. Either text may be an answer or the body of an update.
    """
    left, right = outside(before, stage), outside(after, stage)
    _take_back_required(left, right)
    return list(_differences("", left, right))


def outside(text: str | bytes, stage: str | None) -> dict[str, Any]:
    """What of the policy must stay as it is while the extension at this stage changes."""
    policy = {
        name: value
        for name, value in _without_annotations(parsed(text)).items()
        if name not in _SERVERS
    }
    if isinstance(policy.get("accessPackage"), dict):
        policy["accessPackage"] = _only(policy["accessPackage"], "id")
    if isinstance(policy.get(SETTINGS), list):
        settings = [_reduced(setting) for setting in policy[SETTINGS]]
        policy[SETTINGS] = [setting for setting in settings if setting.get("stage") != stage]
    return policy


def called_at(text: str | bytes, stage: str) -> list[tuple[str | None, str | None]]:
    """Type and id of the extension of each setting of the stage, in their order."""
    settings = [setting for setting in parsed(text)[SETTINGS] if setting.get("stage") == stage]
    extensions = [setting.get("customExtension") or {} for setting in settings]
    return [(extension.get("@odata.type"), extension.get("id")) for extension in extensions]


def _without_annotations(value: Any) -> Any:
    """A copy without the annotations that an answer has and an update does not send."""
    if isinstance(value, list):
        return [_without_annotations(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_annotations(each) for name, each in value.items() if not _ignored(name)}


def _ignored(name: str) -> bool:
    return name.endswith("@odata.context") or name == "@microsoft.graph.tips"


def _reduced(setting: dict[str, Any]) -> dict[str, Any]:
    """The setting without its id, and with no more of the extension than identifies it."""
    kept = {name: value for name, value in setting.items() if name != "id"}
    if isinstance(kept.get("customExtension"), dict):
        kept["customExtension"] = _only(kept["customExtension"], "@odata.type", "id")
    return kept


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those members, in this order."""
    return {name: value[name] for name in names if name in value}


def _take_back_required(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Undoes in `right` what an update may add to a policy without it."""
    for name, accepted in _REQUIRED.items():
        if left.get(name) is not None or name not in right or right[name] not in accepted:
            continue
        if name in left:
            right[name] = None
        else:
            del right[name]


def _differences(at: str, left: Any, right: Any) -> Iterator[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        yield from _of_objects(at, left, right)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (before, after) in enumerate(zip(left, right, strict=True)):
            yield from _differences(f"{at}/{number}", before, after)
    elif type(left) is not type(right) or left != right:
        yield f"{at}: {written(left)} became {written(right)}"


def _of_objects(at: str, left: dict[str, Any], right: dict[str, Any]) -> Iterator[str]:
    for name in left.keys() - right.keys():
        yield f"{at}/{name}: lost"
    for name in right.keys() - left.keys():
        yield f"{at}/{name}: added"
    common = [name for name in left if name in right]
    if common != [name for name in right if name in left]:
        yield f"{at}: members in another order"
    for name in common:
        yield from _differences(f"{at}/{name}", left[name], right[name])
