"""Given values brought into the files: one property of each declaration, proven to be all that
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.adopt.adoption import Adoption
from reconciler.adopt.decisions import decision
from reconciler.adopt.drifted import adoptions as drifted_adoptions
from reconciler.adopt.files import Files
from reconciler.adopt.refusals import BY_HAND, refused
from reconciler.adopt.sources import Document, documents_of
from reconciler.adopt.verification import objection_to_given
from reconciler.declarable.live import declarable
from reconciler.declarable.names import Names
from reconciler.loader.scopes import in_order
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.export import Update
from reconciler.model.json_values import JsonValue
from reconciler.model.objects import Desired, DesiredScope, Observed, Path, Properties
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
    by_source = _by_source(declared)
    elsewhere = {
        other.name: _by_source(files.loaded(files.texts, other).scopes) for other in files.others
    }
    documents = list(documents_of(files.texts, files.document_format, files.environment))
    proposed: list[Adoption] = []
    for given in values:
        desired = by_source[given.source]
        because = _why_not_everywhere(desired, given, files, elsewhere)
        adoptions = _adoptions(desired, given, files, documents)
        proposed += (replace(each, refusal=because or each.refusal) for each in adoptions)
    made = decision(
        files.texts, proposed, lambda adopted: objection_to_given(adopted, files, declared)
    )
    return Update(
        made.texts,
        made.edits,
        not_live=(),
        diagnostics=tuple(sorted(refused(made.refused, BY_HAND), key=_in_order)),
        complete=True,
    )


def _in_order(finding: Diagnostic) -> tuple[str, int, int]:
    return in_order(finding.place)


def _by_source(scopes: Sequence[DesiredScope]) -> Mapping[SourceLocation, Desired]:
    return {each.source: each for scope in scopes for each in scope.objects}


def _why_not_everywhere(
    desired: Desired,
    given: Given,
    files: Files,
    elsewhere: Mapping[str, Mapping[SourceLocation, Desired]],
) -> str:
    """Why the value cannot be written for all environments: what it follows from differs in another
    one; "" if it does not.
    """
    fields = files.document_format.kinds.named(desired.ref.kind).fields
    paths = fields.field(given.path).computed_from

    def basis(declared: Desired) -> list[JsonValue]:
        """What the value follows from, comparable."""
        return [fields.comparable(path, declared.properties.get(path)) for path in paths]

    for environment, others in elsewhere.items():
        if basis(others.get(given.source, desired)) != basis(desired):
            return f"it has another value in environment {environment}: use a variable"
    return ""


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
    return drifted_adoptions(change, kind, body, documents, files.texts)
