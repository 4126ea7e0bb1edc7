"""Rules on a declaration among all others in the same outermost parent, in whatever file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.scopes import by_header
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Kinds


def faults_among(documents: Iterable[DeclaredDocument], kinds: Kinds) -> Iterator[Diagnostic]:
    """What the rules of the kinds say about each declaration, in the order of the files."""
    for group in by_header(documents).values():
        declared = [each for document in group for each in document.declarations]
        for declaration in declared:
            for fault in kinds.named(declaration.kind).rules_among(declaration, declared):
                yield fault.in_file(declaration.source.file)
