"""Whether edited files differ from before in the edits only: nothing lost, nothing else changed or
added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from reconciler.diff.compare import at
from reconciler.export.adopt import Adoption, NewExtension
from reconciler.loader.catalogs import reference
from reconciler.model.canonical import canonical, without_nulls
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.extension import Catalog, DesiredCatalog, DesiredExtension
from reconciler.model.types import ODATA_TYPE, JsonValue, short_type

Path: TypeAlias = tuple[str, ...]
Key: TypeAlias = tuple[str, tuple[str, str], str, str]
"""File, catalog, name and pinned id: edits move no extension to another file, and the pair is
unique in a catalog.
"""


def only_adopted(
    before: Sequence[DesiredCatalog], after: Sequence[DesiredCatalog], adopted: Sequence[Adoption]
) -> bool:
    """True if the edited files declare what they did before, with the reported edits, and nothing
    else.

    The same catalogs, extensions and pins; every leaf outside of the edited paths as before, every
    edited path as reported, every new extension as intended. Values that equal the live state are
    compared too.
    """
    edits: dict[SourceLocation, list[Edit]] = {}
    for edit in (edit for adoption in adopted if adoption.new is None for edit in adoption.edits):
        edits.setdefault(edit.place, []).append(edit)
    declared, found = _by_key(before, edits), _by_key(after, {})
    new = {_new_key(adoption.new): adoption.new for adoption in adopted if adoption.new}
    return (
        [reference(catalog.catalog) for catalog in before]
        == [reference(catalog.catalog) for catalog in after]
        and sorted(found) == sorted([*declared, *new])
        and all(
            _only_edited(extension, found[key], edits.get(extension.source, ()))
            for key, extension in declared.items()
        )
        and all(_as_intended(extension, found[key]) for key, extension in new.items())
    )


def _key(file: str, catalog: Catalog, name: JsonValue, pinned_id: str | None) -> Key:
    return file, reference(catalog), str(name), pinned_id or ""


def _new_key(new: NewExtension) -> Key:
    return _key(
        new.document.file, new.document.catalog, new.declares["displayName"], _pinned_id(new)
    )


def _pinned_id(new: NewExtension) -> str | None:
    """The id that pins the new extension, as the loader reads it."""
    declared_id = new.declares.get("id")
    return None if declared_id is None else str(declared_id).lower()


def _by_key(
    catalogs: Sequence[DesiredCatalog], edits: Mapping[SourceLocation, Sequence[Edit]]
) -> dict[Key, DesiredExtension]:
    """The extensions of all catalogs by the names that they have after the edits."""
    keyed = {}
    for catalog in catalogs:
        for extension in catalog.extensions:
            names = [
                edit.after
                for edit in edits.get(extension.source, ())
                if edit.path == ("displayName",)
            ]
            name = [*names, extension.display_name][0]
            keyed[_key(extension.source.file, catalog.catalog, name, extension.pinned_id)] = (
                extension
            )
    return keyed


def _only_edited(before: DesiredExtension, after: DesiredExtension, edits: Sequence[Edit]) -> bool:
    paths = [edit.path for edit in edits]
    return (
        (before.type, before.pinned_id) == (after.type, after.pinned_id)
        and _outside(paths, before) == _outside(paths, after)
        and all(at(after.properties, edit.path) == _canonical(edit) for edit in edits)
    )


def _outside(paths: Sequence[Path], extension: DesiredExtension) -> dict[Path, JsonValue]:
    """The leaves that no edit changes; a configuration that is null counts for all its members."""
    return {
        path: value
        for path, value in _leaves(extension.properties)
        if not any(path[: len(edited)] == edited[: len(path)] for edited in paths)
    }


def _leaves(
    properties: Mapping[str, JsonValue], path: Path = ()
) -> Iterator[tuple[Path, JsonValue]]:
    for name, value in properties.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _canonical(edit: Edit) -> JsonValue:
    [name, *members] = edit.path
    return edit.after if members else canonical({name: edit.after})[name]


def _as_intended(new: NewExtension, found: DesiredExtension) -> bool:
    """True for exactly the live properties; for a new extension, null (to override a default)
    equals absent.
    """
    same_type = found.type == short_type(new.declares[ODATA_TYPE])
    return same_type and without_nulls(found.properties) == without_nulls(canonical(new.declares))
