"""Observed objects → desired-state documents, as a person would write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.declarable.findings import left_out, unreadable
from reconciler.declarable.live import Declarable, declarable, declarables
from reconciler.declarable.names import Names
from reconciler.declarable.written import as_mapping
from reconciler.export.document import address_of, document
from reconciler.loader.format import DocumentFormat
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.export import Export, ExportedDocument
from reconciler.model.json_values import JsonValue
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, ObservedScope
from reconciler.render.nouns import capitalized, noun


@dataclass(frozen=True, slots=True)
class _Exported:
    """The export of one parent; `empty`: it has nothing to declare."""

    document: ExportedDocument | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    empty: bool = False


@dataclass(frozen=True, slots=True)
class _Tenant:
    """What a document may depend on: the parents in the tenant, their names, and those `to_declare`
    by their ids. `named`: the parents were chosen.
    """

    every: Sequence[ObjectRef]
    names: Names
    to_declare: Mapping[str, Observed]
    document_format: DocumentFormat
    named: bool


def export(
    observed: Sequence[ObservedScope],
    every: Sequence[ObjectRef],
    document_format: DocumentFormat,
    *,
    named: bool,
    to_declare: Sequence[Observed] = (),
) -> Export:
    """A document for each outermost parent that could be read, sorted by name and id; `every` lists
    all objects of the tenant that can be such a parent.

    A parent without a declarable object gets no document, unless the parents were `named`, or it is
    one `to_declare` itself.
    """
    parents = {parent.id: parent for parent in to_declare}
    tenant = _Tenant(every, Names.of((), every), parents, document_format, named)
    results = [_exported(scope, tenant) for scope in sorted(observed, key=_by_parent)]
    return Export(
        documents=tuple(result.document for result in results if result.document),
        diagnostics=tuple(finding for result in results for finding in result.diagnostics),
        complete=all(scope.read == "complete" for scope in observed),
        empty=sum(result.empty for result in results),
    )


def _by_parent(scope: ObservedScope) -> tuple[str, str]:
    return str(scope.parent or ""), (scope.parent.id if scope.parent else None) or ""


def _exported(scope: ObservedScope, tenant: _Tenant) -> _Exported:
    """The export of one parent."""
    parent = scope.parent
    if parent is None:  # objects of the tenant are named by the headers of documents
        return _Exported()
    if scope.read != "complete":
        return _Exported(diagnostics=(unreadable(scope),))
    objects = declarables(scope, tenant.document_format, outside=tenant.every)
    whole = _declared_parent(parent, tenant)
    diagnostics = (*left_out(None, whole), *left_out(parent, objects))
    bodies = [as_mapping(part.body) for part in whole if part.body is not None]
    address = bodies[0] if bodies else _address(parent, tenant)
    if address is None:
        return _Exported(diagnostics=(*diagnostics, _nameless(parent)))
    declared = [part for part in objects if part.body is not None]
    if not declared and not tenant.named and not bodies:
        return _Exported(diagnostics=diagnostics, empty=True)
    return _Exported(document(parent, address, declared, tenant.document_format), diagnostics)


def _declared_parent(parent: ObjectRef, tenant: _Tenant) -> list[Declarable]:
    """The declarable part of the parent itself, if it is to be declared; with its id if its name
    does not identify it.
    """
    live = tenant.to_declare.get(str(parent.id))
    if live is None:
        return []
    name = parent.display_name or ""
    pinned = not _has_unique_name(parent, tenant) or name != name.strip()
    return [declarable(live, tenant.names, tenant.document_format, pinned=pinned)]


def _address(parent: ObjectRef, tenant: _Tenant) -> JsonValue:
    unique = _has_unique_name(parent, tenant)
    return address_of(parent, tenant.document_format, unique=unique)


def _has_unique_name(parent: ObjectRef, tenant: _Tenant) -> bool:
    return tenant.names.in_scope[parent.kind, folded(parent.display_name)] == 1


def _nameless(parent: ObjectRef) -> Diagnostic:
    title = f"{capitalized(noun(parent.kind))} {parent}"
    message = f"{title} is omitted: neither its name nor its id can be declared."
    hint = "Rename it in Entra and export again, or leave it unmanaged."
    return Diagnostic("R306", "warning", message, hint)
