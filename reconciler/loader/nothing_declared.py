"""Files and documents that declare nothing, although they are valid."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.format import DocumentFormat, any_of
from reconciler.model.diagnostic import Diagnostic, of_path
from reconciler.model.kind import Kind
from reconciler.model.wording import listed


def nothing_declared(
    file: str, documents: Sequence[DeclaredDocument], document_format: DocumentFormat
) -> Iterator[Diagnostic]:
    """R312 for a valid file without a document, and for each document without a declaration."""
    if not documents:
        message = "The file declares nothing: it is empty or contains only comments."
        hint = _hint(document_format.declarable(None), "file")
        yield Diagnostic("R312", "warning", message, hint, of_path(file))
    for document in documents:
        if not document.declarations:
            message = f"The document declares nothing{_which_lists(document)}."
            hint = _hint(document.kinds, "document")
            yield Diagnostic("R312", "warning", message, hint, document.source)


def _which_lists(document: DeclaredDocument) -> str:
    if not document.lists:
        return ""
    return f": {listed(document.lists)} {'is' if len(document.lists) == 1 else 'are'} empty"


def _hint(kinds: Collection[Kind], what: str) -> str:
    hint = f"Declare {any_of(kinds)}, or remove the {what}."
    unmanaged = [kind.plural for kind in kinds if kind.lists_unmanaged]
    if unmanaged:
        plurals = " and ".join(unmanaged)
        plurals = plurals[0].upper() + plurals[1:]
        hint += f" {plurals} that it declared before stay live, unmanaged;"
        hint += " declare `ensure: absent` to delete them."
    return hint
