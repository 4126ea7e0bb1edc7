"""Observed objects → desired-state documents, as a person would write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.declarable.findings import left_out, unreadable
from reconciler.declarable.live import declarables
from reconciler.export.document import address_of, document
from reconciler.loader.format import DocumentFormat
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.export import Export, ExportedDocument
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, ObservedScope
from reconciler.render.nouns import capitalized, noun


@dataclass(frozen=True, slots=True)
class _Exported:
    """The export of one parent; `empty`: it has nothing to declare."""

    document: ExportedDocument | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    empty: bool = False


def export(
    observed: Sequence[ObservedScope],
    every: Sequence[ObjectRef],
    document_format: DocumentFormat,
    *,
    named: bool,
) -> Export:
    """A document for each outermost parent that could be read, sorted by name and id; `every` lists
    all objects of the tenant that can be such a parent.

    A parent without a declarable object gets no document, unless the parents were `named`.
    """
    uses = Counter((ref.kind, folded(ref.display_name)) for ref in every)
    results = [
        _exported(scope, uses, document_format, named=named)
        for scope in sorted(observed, key=_by_parent)
    ]
    return Export(
        documents=tuple(result.document for result in results if result.document),
        diagnostics=tuple(finding for result in results for finding in result.diagnostics),
        complete=all(scope.read == "complete" for scope in observed),
        empty=sum(result.empty for result in results),
    )


def _by_parent(scope: ObservedScope) -> tuple[str, str]:
    return str(scope.parent or ""), (scope.parent.id if scope.parent else None) or ""


def _exported(
    scope: ObservedScope,
    uses: Counter[tuple[str, str]],
    document_format: DocumentFormat,
    *,
    named: bool,
) -> _Exported:
    """The export of one parent; `uses` counts the parents of each kind and name."""
    parent = scope.parent
    if parent is None:  # objects of the tenant are named by the headers of documents
        return _Exported()
    if scope.read != "complete":
        return _Exported(diagnostics=(unreadable(scope),))
    objects = declarables(scope, document_format)
    diagnostics = tuple(left_out(parent, objects))
    unique = uses[parent.kind, folded(parent.display_name)] == 1
    address = address_of(parent, document_format, unique=unique)
    if address is None:
        return _Exported(diagnostics=(*diagnostics, _nameless(parent)))
    declared = [declarable for declarable in objects if declarable.body is not None]
    if not declared and not named:
        return _Exported(diagnostics=diagnostics, empty=True)
    return _Exported(document(parent, address, declared, document_format), diagnostics)


def _nameless(parent: ObjectRef) -> Diagnostic:
    title = f"{capitalized(noun(parent.kind))} {parent}"
    message = f"{title} is omitted: neither its name nor its id can be declared."
    hint = "Rename it in Entra and export again, or leave it unmanaged."
    return Diagnostic("R306", "warning", message, hint)
