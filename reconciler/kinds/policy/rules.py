"""Rules on the stages of a policy among everything that is declared in its catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.kinds.policy.fields import PACKAGE, SETTINGS, STAGES
from reconciler.loader.desired import referred
from reconciler.model.fault import Fault, fault_at, quoted
from reconciler.model.kind import Declaration
from reconciler.model.nodes import Entry, member, text_of
from reconciler.model.nodes import Mapping as MappingNode
from reconciler.model.objects import ObjectRef
from reconciler.model.odata import ODATA_TYPE, short_type

_TYPES = {name.casefold(): name for name in STAGES.values()}


def rules_among(policy: Declaration, declared: Sequence[Declaration]) -> Iterator[Fault]:
    """R211 for a stage that calls a declared extension of the wrong type, R212 for one that calls
    an extension that is declared absent, R215 for one that is declared before.

    Source: docs/graph.md §7.1 (which type a stage calls).
    """
    extensions = [each for each in declared if each.kind == "extension"]
    earlier = [each for each in _before(policy, declared) if _are_same(policy, each)]
    for stage, entry in _stages(policy).items():
        ref = referred("extension", entry.value)
        called = [each for each in extensions if ref is not None and ref.names(_ref(each))]
        for extension in called:
            yield from _wrong_extension(stage, entry, extension)
        for other in earlier:
            if stage in _stages(other):
                yield _declared_before(stage, entry, other)


def _stages(policy: Declaration) -> Mapping[str, Entry]:
    settings = member(policy.written, SETTINGS)
    return settings.entries if isinstance(settings, MappingNode) else {}


def _ref(declaration: Declaration) -> ObjectRef:
    return ObjectRef(declaration.kind, declaration.pinned_id, declaration.display_name)


def _before(policy: Declaration, declared: Sequence[Declaration]) -> Iterator[Declaration]:
    """The policies that are declared before this one."""
    for each in declared:
        if each is policy:
            return
        if each.kind == policy.kind:
            yield each


def _are_same(policy: Declaration, other: Declaration) -> bool:
    """True if both name the same policy in the same way; of others only Graph knows."""
    packages = [
        referred("access_package", member(each.written, PACKAGE)) for each in (policy, other)
    ]
    keys = [package.key for package in packages if package is not None]
    return len(keys) == 2 and keys[0] == keys[1] and _ref(policy).key == _ref(other).key


def _wrong_extension(stage: str, entry: Entry, extension: Declaration) -> Iterator[Fault]:
    where = f"{extension.source.file}:{extension.source.line}"
    name = quoted(str(_ref(extension)))
    if extension.absent:
        message = f"`{stage}` calls {name}, which is declared with `ensure: absent` at {where}."
        hint = f"Write `{stage}: null`, or name another extension."
        yield fault_at(entry, "R212", message, hint)
        return
    type_name = short_type(text_of(member(extension.merged, ODATA_TYPE)), _TYPES)
    if stage in STAGES and type_name in STAGES.values() and type_name != STAGES[stage]:
        message = f"`{stage}` cannot call {name}, which is of type {type_name} ({where})."
        hint = f"Name an extension of type {STAGES[stage]}."
        yield fault_at(entry, "R211", message, hint)


def _declared_before(stage: str, entry: Entry, other: Declaration) -> Fault:
    name, first = quoted(str(_ref(other))), _stages(other)[stage]
    place = f"{other.source.file}:{first.line}"
    message = f"`{stage}` of the policy {name} is also declared at {place}."
    return fault_at(entry, "R215", message, "Keep only one of the two.")
