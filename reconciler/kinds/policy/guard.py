"""What blocks the change of a policy: what a PUT could lose, and stages that cannot be set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from reconciler.kinds.policy.bodies import SERVER_SET
from reconciler.kinds.policy.fields import DYNAMIC_STAGE, PACKAGE, QUESTIONS, SETTINGS, STAGES
from reconciler.kinds.policy.wire import extension_in
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Surroundings
from reconciler.model.objects import ObjectRef
from reconciler.model.odata import ODATA_TYPE
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason

UNKNOWN_VALUE = "unknownFutureValue"
"""What Graph returns in place of an enum value that it does not name (docs/graph.md §7.3)."""

Raw = Mapping[str, Any]


def guard(change: Change, around: Surroundings) -> Iterator[Reason]:
    """Why the policy must not be written back as it was read, and why an extension does not fit its
    stage.

    Source: docs/graph.md §7.3.
    """
    if around.before is None:
        return
    raw = around.before.raw
    for blocks in _BLOCKS:
        yield from blocks(raw)
    yield from _several(change)
    yield from _of_other_type(change)


def _unread(raw: Raw) -> Iterator[Reason]:
    package = raw.get(PACKAGE)
    if not isinstance(package, Mapping) or package.get("id") is None:
        yield reason("access_package_unread")
    if not isinstance(raw.get(QUESTIONS), list):
        yield reason("questions_unread")


def _unknown_values(raw: Raw) -> Iterator[Reason]:
    paths = [path for path, value in _leaves(raw) if value == UNKNOWN_VALUE]
    if paths:
        yield reason("unknown_enum_value", paths=[*paths])


def _dynamic_stages(raw: Raw) -> Iterator[Reason]:
    for path, value in _leaves(raw):
        if path.endswith(ODATA_TYPE) and str(value).endswith(DYNAMIC_STAGE):
            yield reason("dynamic_approval_stage")


def _odd_settings(raw: Raw) -> Iterator[Reason]:
    settings = raw[SETTINGS]
    unknown = sorted({str(setting.get("stage")) for setting in settings} - STAGES.keys())
    if unknown:
        yield reason("unknown_stage", stages=[*unknown])
    nameless = [str(each.get("stage")) for each in settings if extension_in(each) is None]
    if nameless:
        yield reason("stage_without_extension", stages=[*nameless])


_BLOCKS: tuple[Callable[[Raw], Iterable[Reason]], ...] = (
    _unread,
    _unknown_values,
    _dynamic_stages,
    _odd_settings,
)


def _several(change: Change) -> Iterator[Reason]:
    """Of several extensions at a declared stage, none can be chosen."""
    for row in change.fields:
        if isinstance(row.before, list):
            ids: list[JsonValue] = [*row.before]
            yield reason("several_at_stage", stage=row.path[-1], ids=ids)


def _of_other_type(change: Change) -> Iterator[Reason]:
    """A live extension that no file declares; of a declared one the rule R211 knows the type."""
    for row in change.fields:
        stage = row.path[-1]
        if isinstance(row.after, ObjectRef) and row.after.type != STAGES[stage]:
            names = {"name": str(row.after), "type": row.after.type or "unknown"}
            yield reason("type_at_stage", stage=stage, stage_type=STAGES[stage], **names)


def _leaves(raw: Raw) -> Iterator[tuple[str, JsonValue]]:
    """The values of the policy's own members that are neither object nor list, by their paths."""
    for name, value in raw.items():
        if name not in (*SERVER_SET, PACKAGE, SETTINGS):
            yield from _inside(name, value)
    for setting in raw[SETTINGS]:
        for name, value in setting.items():
            if name not in ("stage", "customExtension"):
                yield from _inside(f"{SETTINGS}/{name}", value)


def _inside(path: str, value: Any) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _inside(f"{path}/{name}", inner)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _inside(f"{path}/{number}", each)
    else:
        yield path, value
