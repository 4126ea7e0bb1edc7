"""Documents of all files → what they declare in each outermost parent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.desired import absent_object
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.kind import Declaration, Kind, Kinds
from reconciler.model.names import folded
from reconciler.model.objects import Desired, DesiredScope, ObjectRef

Reference: TypeAlias = tuple[str, str, str]


def in_order(place: SourceLocation | None) -> tuple[str, int, int]:
    """The sort key of places: file, line, column; no place comes first, and a file as a whole
    before its lines.
    """
    return (place.file, place.line or 0, place.column or 0) if place else ("", 0, 0)


def reference(ref: ObjectRef) -> Reference:
    """How an object is addressed: by its id, else by its folded name; and its kind."""
    return ref.id or "", "" if ref.id else folded(ref.display_name), ref.kind


def by_header(documents: Iterable[DeclaredDocument]) -> dict[Reference, list[DeclaredDocument]]:
    """The documents with a valid header by the object that it names, in the order of the files."""
    groups: dict[Reference, list[DeclaredDocument]] = {}
    for document in sorted(documents, key=lambda document: in_order(document.source)):
        if document.header is not None:
            groups.setdefault(reference(document.header), []).append(document)
    return groups


def desired_scopes(documents: Iterable[DeclaredDocument], kinds: Kinds) -> tuple[DesiredScope, ...]:
    """The desired state of each parent, sorted by its id and name, after that of the tenant.
    Objects are in the order of the files.

    Only for documents without errors.
    """
    of_tenant: list[Declaration] = []
    scopes: list[DesiredScope] = []
    for _, group in sorted(by_header(documents).items()):
        declarations = [each for document in group for each in document.declarations]
        of_tenant += [each for each in declarations if not each.parents]
        inside = [each for each in declarations if each.parents]
        scope = _scope(group[0].header, inside, group[0].source, kinds)
        places = (document.deletes_unmanaged for document in group)
        scopes.append(
            replace(
                scope,
                deletes_unmanaged=next(filter(None, places), None),
                by_new_name=any(document.by_new_name for document in group),
            )
        )
    if of_tenant:
        first = min((each.source for each in of_tenant), key=in_order)
        scopes.insert(0, _scope(None, of_tenant, first, kinds))
    return tuple(scopes)


def _scope(
    parent: ObjectRef | None,
    declarations: Iterable[Declaration],
    source: SourceLocation,
    kinds: Kinds,
) -> DesiredScope:
    ordered = sorted(declarations, key=lambda declaration: in_order(declaration.source))
    objects = (_desired(each, kinds.named(each.kind)) for each in ordered)
    return DesiredScope(parent, tuple(objects), source)


def _desired(declaration: Declaration, kind: Kind) -> Desired:
    return absent_object(declaration, kind) if declaration.absent else kind.declare(declaration)
