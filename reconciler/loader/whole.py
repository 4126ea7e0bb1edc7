"""The documents of all files → the desired state, with the faults that only all of them show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.loader.among import faults_among
from reconciler.loader.declared import DeclaredDocument
from reconciler.loader.diagnostics import errors_of, reported
from reconciler.loader.duplicates import (
    duplicates,
    inner_duplicates,
    look_alikes,
    second_documents,
)
from reconciler.loader.format import DocumentFormat
from reconciler.loader.joined import joined
from reconciler.loader.scopes import desired_scopes
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.fields import texts_in
from reconciler.model.learned import declare_public
from reconciler.model.objects import Desired, DesiredScope
from reconciler.model.secrets import texts_of


@dataclass(frozen=True, slots=True)
class LoadedState:
    """What the files declare. `scopes` is empty if any diagnostic is an error: a state is never
    partial.

    With warnings only, the state is valid: `validate` and every plan show them.

    `files` and `declared` count valid and invalid ones; `declared` has the number of declarations
    by the plural of their kind. `environments` is the number of environments checked.
    """

    scopes: tuple[DesiredScope, ...]
    diagnostics: tuple[Diagnostic, ...]
    files: int
    declared: Mapping[str, int] = field(default_factory=dict)
    environments: int = 0

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that are errors."""
        return errors_of(self.diagnostics)

    @property
    def faulty(self) -> bool:
        """True when at least one diagnostic is an error: these files must not be planned."""
        return bool(self.errors)


def whole_state(
    documents: Sequence[DeclaredDocument],
    of_files: Sequence[Diagnostic],
    files: int,
    document_format: DocumentFormat,
) -> LoadedState:
    """The state of all documents, with the faults that only all of them together show."""
    diagnostics = list(of_files)
    kinds = document_format.kinds
    whole = joined(documents, kinds)
    documents = list(whole.documents)
    diagnostics += [*whole.diagnostics, *duplicates(documents, kinds), *look_alikes(documents)]
    diagnostics += [*second_documents(documents), *faults_among(documents, kinds)]
    scopes = () if errors_of(diagnostics) else desired_scopes(documents, kinds)
    diagnostics += inner_duplicates(scopes, kinds)
    scopes = () if errors_of(diagnostics) else scopes
    _declare_public(scopes)
    return LoadedState(
        scopes=scopes,
        diagnostics=tuple(reported(diagnostics)),
        files=files,
        declared=_counts(documents, document_format),
    )


def _counts(
    documents: Iterable[DeclaredDocument], document_format: DocumentFormat
) -> dict[str, int]:
    """The number of declarations by the plural of their kind; of kinds of headers, and of
    those whose objects are only found, if there are any.
    """
    counts = Counter(
        declaration.kind for document in documents for declaration in document.declarations
    )
    return {
        kind.plural: counts[kind.name]
        for kind in document_format.declarable(None)
        if (kind.parents and not kind.is_foreign) or counts[kind.name]
    }


def _declare_public(scopes: Iterable[DesiredScope]) -> None:
    """Never masks what the reviewed files declare, even if a live text by others has `sig=` before
    a part of it.
    """
    for scope in scopes:
        if scope.parent is not None:
            declare_public(str(scope.parent))
        for desired in scope.objects:
            for text in _texts(desired):
                declare_public(text)


def _texts(desired: Desired) -> Iterable[str]:
    yield desired.ref.display_name or ""
    yield desired.source.file
    for value in texts_in(desired.properties.values()):
        yield from texts_of(value)
