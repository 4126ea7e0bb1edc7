"""Given values brought into the files: one property of each declaration, proven to be all that
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.adopt.adoption import Adoption
from reconciler.adopt.decisions import decision
from reconciler.adopt.drifted import adoptions
from reconciler.adopt.files import Files
from reconciler.adopt.refusals import BY_HAND, refused
from reconciler.adopt.sources import Document, documents_of
from reconciler.adopt.verification import objection_to_given
from reconciler.declarable.live import declarable
from reconciler.declarable.names import Names
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Update
from reconciler.model.objects import Desired, Observed, Path, Properties
from reconciler.model.plan import Change, FieldChange
from reconciler.model.reason import reason


@dataclass(frozen=True, slots=True)
class Given:
    """The value of one property of the declaration at a place."""

    source: SourceLocation
    path: Path
    value: str


def with_given(files: Files, values: Sequence[Given]) -> Update:
    """The files with these values. Each edit is kept only if the files then declare what they did
    before plus the edit, and stay valid in every environment.
    """
    declared = files.declared(files.texts)
    by_source = {each.source: each for scope in declared for each in scope.objects}
    documents = list(documents_of(files.texts, files.document_format, files.environment))
    proposed = [
        adoption
        for given in values
        for adoption in _adoptions(by_source[given.source], given, files, documents)
    ]
    made = decision(
        files.texts, proposed, lambda adopted: objection_to_given(adopted, files, declared)
    )
    return Update(
        made.texts,
        made.edits,
        not_live=(),
        diagnostics=tuple(refused(made.refused, BY_HAND)),
        complete=True,
    )


def _adoptions(
    desired: Desired, given: Given, files: Files, documents: Sequence[Document]
) -> Iterator[Adoption]:
    """The edit of one declaration, as if an object with this value were live."""
    kind = files.document_format.kinds.named(desired.ref.kind)
    row = FieldChange(given.path, given.value, desired.properties.get(given.path))
    change = Change(
        "update", desired.ref, desired.parents, reason("drift"), (row,), source=desired.source
    )
    properties: Properties = {**desired.properties, given.path: given.value}
    live = Observed(desired.ref, desired.parents, properties)
    body = declarable(live, Names.of([live]), files.document_format)
    return adoptions(change, kind, body, documents, files.texts)
