"""Whether edited files differ from before in the edits only: nothing lost, nothing else changed or
added.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeAlias

from reconciler.adopt.adoption import Adoption, NewObject
from reconciler.declarable.written import as_mapping, part_of
from reconciler.diff.references import parents_key
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.fields import Fields, value_at
from reconciler.model.json_values import JsonValue
from reconciler.model.kind import Kinds
from reconciler.model.objects import (
    NAME,
    Desired,
    DesiredScope,
    ObjectRef,
    Parents,
    Path,
    Properties,
    Value,
)
from reconciler.model.odata import ODATA_TYPE

Key: TypeAlias = tuple[str, str, tuple[str, ...], str, str, int]
"""File, kind, parents, name, pinned id, and number: edits move no object to another file, and only
an object that is declared in parts has several declarations.
"""


def only_adopted(
    before: Sequence[DesiredScope],
    after: Sequence[DesiredScope],
    adopted: Sequence[Adoption],
    kinds: Kinds,
) -> bool:
    """True if the edited files declare what they did before, with the reported edits, and nothing
    else.

    The same scopes, objects and pins; every leaf outside of the edited paths as before, every
    edited path as reported, every new object as intended. Values that equal the live state are
    compared too.
    """
    edits = _edits_by_place(adopted)
    old, new = _by_key(before, edits), _by_key(after, {})
    added = {_key_of_new(adoption.new): adoption.new for adoption in adopted if adoption.new}
    if _parents(before) != _parents(after) or sorted(new) != sorted([*old, *added]):
        return False
    edited = (
        _only_edited(declared, new[key], edits.get(declared.source, ()), kinds)
        for key, declared in old.items()
    )
    return all(edited) and all(_as_intended(wanted, new[key]) for key, wanted in added.items())


def _edits_by_place(adopted: Iterable[Adoption]) -> dict[SourceLocation, list[Edit]]:
    """The edits of existing declarations."""
    edits: dict[SourceLocation, list[Edit]] = {}
    for adoption in adopted:
        if adoption.new is None:
            for edit in adoption.edits:
                edits.setdefault(edit.place, []).append(edit)
    return edits


def _parents(scopes: Iterable[DesiredScope]) -> list[tuple[str, ...]]:
    return [_scope_key(scope.parent) for scope in scopes]


def _scope_key(parent: ObjectRef | None) -> tuple[str, ...]:
    return parents_key((parent,)) if parent else ()


def _key(
    file: str, ref: ObjectRef, parents: Parents, name: JsonValue, taken: Container[Key] = ()
) -> Key:
    """The first key of the object that is not taken."""
    keys = (
        (file, ref.kind, parents_key(parents), str(name), ref.id or "", number)
        for number in itertools.count()
    )
    return next(key for key in keys if key not in taken)


def _key_of_new(new: NewObject) -> Key:
    """The key as the loader reads it: a pinned id in lower case."""
    pinned = new.declares.get(("id",))
    ref = ObjectRef(new.kind.name, None if pinned is None else str(pinned).lower(), None)
    name = str(new.declares.get(NAME))
    return _key(new.document.file, ref, (new.document.header,), name)


def _by_key(
    scopes: Iterable[DesiredScope], edits: Mapping[SourceLocation, Sequence[Edit]]
) -> dict[Key, Desired]:
    """The objects of all scopes by the names that they have after the edits."""
    keyed: dict[Key, Desired] = {}
    for scope in scopes:
        for declared in scope.objects:
            name: JsonValue = declared.ref.display_name
            for edit in edits.get(declared.source, ()):
                if edit.path == NAME:
                    name = edit.after
            file = declared.source.file
            keyed[_key(file, declared.ref, declared.parents, name, keyed)] = declared
    return keyed


def _only_edited(before: Desired, after: Desired, edits: Sequence[Edit], kinds: Kinds) -> bool:
    paths = [edit.path for edit in edits]
    fields = kinds.named(before.ref.kind).fields
    return (
        (before.ref.type, before.ref.id) == (after.ref.type, after.ref.id)
        and _outside(paths, before) == _outside(paths, after)
        and all(_is_as_reported(edit, after.properties, fields) for edit in edits)
    )


def _outside(paths: Sequence[Path], declared: Desired) -> Properties:
    """The leaves that no edit changes; an object that is null counts for all its members."""
    return {
        path: value for path, value in declared.properties.items() if not _is_edited(path, paths)
    }


def _is_edited(path: Path, paths: Sequence[Path]) -> bool:
    return any(path[: len(edited)] == edited[: len(path)] for edited in paths)


def _is_as_reported(edit: Edit, properties: Mapping[Path, Value], fields: Fields) -> bool:
    """True if the edited path has the reported value."""
    if len(edit.path) == 1:
        [name] = edit.path
        return part_of(properties, name) == fields.canonical({name: edit.after})
    value = value_at(properties, edit.path)
    return (str(value) if isinstance(value, ObjectRef) else value) == edit.after


def _as_intended(new: NewObject, after: Desired) -> bool:
    """True for exactly the live properties; for a new object, null (to override a default) equals
    absent.
    """
    intended = new.kind.fields.canonical(as_mapping(new.declares))
    same_type = after.ref.type == new.declares.get((ODATA_TYPE,))
    return same_type and _without_nulls(after.properties) == _without_nulls(intended)


def _without_nulls(properties: Mapping[Path, Value]) -> Properties:
    return {path: value for path, value in properties.items() if value is not None}
