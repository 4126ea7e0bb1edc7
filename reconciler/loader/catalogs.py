"""Documents of all files → one desired state per catalog, and duplicate declarations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from reconciler.loader.declared import DeclaredDocument, DeclaredExtension
from reconciler.model.fault import quoted
from reconciler.model.nodes import data_of
from reconciler.model.appearance import appearance
from reconciler.model.canonical import canonical, folded
from reconciler.model.declaration_keys import Key, conflicting_keys, occupied_keys
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.extension import Catalog, DesiredCatalog, DesiredExtension
from reconciler.model.types import ASSIGNMENT_TYPE, ODATA_TYPE, short_type

_Reference = tuple[str, str]
_Named = tuple[str, str, SourceLocation]
"""A name, its form for comparison, and its place."""


def in_order(place: SourceLocation | None) -> tuple[str, int, int]:
    """The sort key of places: file, line, column; no place comes first, and a file as a whole
    before its lines.
    """
    return (place.file, place.line or 0, place.column or 0) if place else ("", 0, 0)


def reference(catalog: Catalog) -> _Reference:
    """How a catalog is addressed: by its id, or by its name ignoring case."""
    return catalog.id or "", (catalog.display_name or "").casefold()


def _by_catalog(documents: Iterable[DeclaredDocument]) -> dict[_Reference, list[DeclaredDocument]]:
    groups: dict[_Reference, list[DeclaredDocument]] = {}
    for document in sorted(documents, key=lambda each: in_order(each.source)):
        if document.catalog is not None:
            groups.setdefault(reference(document.catalog), []).append(document)
    return groups


def duplicates(documents: Iterable[DeclaredDocument]) -> list[Diagnostic]:
    """R207 for every extension that is declared before in its catalog, by id or by name, with the
    first place.
    """
    repeated = []
    for group in _by_catalog(documents).values():
        first: dict[Key, SourceLocation] = {}
        for extension in _in_source_order(group):
            conflicts = conflicting_keys(extension.pinned_id, extension.display_name)
            taken = next((key for key in conflicts if key in first), None)
            if taken is not None:
                repeated.append(_duplicate(extension, taken, first[taken]))
            for key in occupied_keys(extension.pinned_id, extension.display_name):
                first.setdefault(key, extension.source)
    return repeated


def look_alikes(documents: Iterable[DeclaredDocument]) -> list[Diagnostic]:
    """R216 for every name that looks like an earlier one, of another extension in its catalog or of
    another catalog.
    """
    catalogs: list[_Named] = []
    warnings: list[Diagnostic] = []
    for (_, compared_as), group in _by_catalog(documents).items():
        name = cast("Catalog", group[0].catalog).display_name
        if name is not None:
            catalogs.append((name, compared_as, group[0].source))
        named = (
            (extension.display_name, extension.source) for extension in _in_source_order(group)
        )
        warnings += _look_alikes(
            "extension", [(name, folded(name), source) for name, source in named if name]
        )
    return warnings + _look_alikes("catalog", catalogs)


def _look_alikes(kind: str, names: Iterable[_Named]) -> list[Diagnostic]:
    warnings = []
    first: dict[str, _Named] = {}
    for name, compared_as, source in names:
        first_name, first_compared_as, place = first.setdefault(
            appearance(name), (name, compared_as, source)
        )
        if compared_as != first_compared_as:
            message = (
                f"The {kind} {quoted(name)} looks like {quoted(first_name)} at"
                f" {place.file}:{place.line}; the names differ only in invisible characters."
            )
            hint = (
                f"If both are the same {kind}, write the name identically; otherwise use visibly"
                " different names."
            )
            warnings.append(Diagnostic("R216", "warning", message, hint, source))
    return warnings


def _in_source_order(group: Iterable[DeclaredDocument]) -> list[DeclaredExtension]:
    extensions = (extension for document in group for extension in document.extensions)
    return sorted(extensions, key=lambda each: in_order(each.source))


def _duplicate(extension: DeclaredExtension, taken: Key, first: SourceLocation) -> Diagnostic:
    by_name = taken[0] != "id"
    what = (
        f"The extension {quoted(extension.display_name or '')}"
        if by_name
        else f"The id {quoted(taken[1])}"
    )
    message = f"{what} is declared twice in its catalog, first at {first.file}:{first.line}."
    correction = "correct its `id`"
    if by_name:
        correction = "rename it (names are compared ignoring case), or give each its own `id`"
    return Diagnostic(
        "R207", "error", message, f"Remove one of them, or {correction}.", extension.source
    )


def desired_catalogs(documents: Iterable[DeclaredDocument]) -> tuple[DesiredCatalog, ...]:
    """The desired state per catalog, sorted by its reference; extensions in the order of the files.

    Only for documents without errors.
    """
    groups = _by_catalog(documents)
    return tuple(
        DesiredCatalog(
            catalog=cast("Catalog", group[0].catalog),
            extensions=tuple(_desired(extension) for extension in _in_source_order(group)),
            source=group[0].source,
        )
        for _, group in sorted(groups.items())
    )


def _desired(extension: DeclaredExtension) -> DesiredExtension:
    body = cast("dict[str, object]", data_of(extension.body))
    kind = short_type(body[ODATA_TYPE])
    properties = canonical(body)
    if kind == ASSIGNMENT_TYPE:
        properties.pop("callbackConfiguration", None)
    return DesiredExtension(
        extension.pinned_id,
        extension.display_name or "",
        kind,
        properties,
        extension.source,
        extension.inherited,
    )
