"""Files and live objects → the files with the live values, each edit verified by loading the edited
files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.diff.compare import declared_rows
from reconciler.export.adopt import Adoption, adoptions, new_extension
from reconciler.export.declarable import Declarable, declarable
from reconciler.export.documents import declarables, left_out, unreadable
from reconciler.export.proof import only_adopted
from reconciler.export.rewriting import edited, placed
from reconciler.export.sources import Document, documents_of
from reconciler.loader import load_texts
from reconciler.loader.catalogs import in_order
from reconciler.model.canonical import canonical_json, folded
from reconciler.model.diagnostic import Diagnostic, SourceLocation
from reconciler.model.environment import Environment
from reconciler.model.export import Edit, Update
from reconciler.model.extension import DesiredCatalog, ObservedCatalog, ObservedExtension
from reconciler.model.plan import Change, Plan

Pairs = Sequence[tuple[DesiredCatalog, ObservedCatalog]]
_UNSAFE = "the edited file would not declare the live value"


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of the files by name, the environment for which they are read, and how a plan is
    made.

    `others` are the other environments for which they are valid, and must stay valid.
    """

    texts: Mapping[str, str]
    environment: Environment | None
    planned: Callable[[Pairs], Plan]
    others: tuple[Environment, ...] = ()

    def declared(self, texts: Mapping[str, str]) -> Sequence[DesiredCatalog]:
        """What these texts declare; nothing if they have an error."""
        return load_texts(texts.items(), self.environment).catalogs

    def plan(self, declared: Sequence[DesiredCatalog], pairs: Pairs) -> Plan:
        """The plan for the declared catalogs, compared with what was observed for the pairs."""
        observed = {desired.catalog: live for desired, live in pairs}
        return self.planned(
            [
                (desired, observed[desired.catalog])
                for desired in declared
                if desired.catalog in observed
            ]
        )


def update(files: Files, pairs: Pairs) -> Update:
    """The edits that update the files to the live values in the catalogs of the pairs, and what
    stays unchanged.

    A declared extension that is not live is not changed. An edit is kept only if the files then
    declare what they did before plus the edit, and if nothing else differs from the live objects
    than before.
    """
    declared, before = files.declared(files.texts), files.planned(pairs)
    observed = list(
        {found.catalog.id: found for _, found in pairs if found.read == "complete"}.values()
    )
    unmanaged = [(found, item) for found in observed for item in _unmanaged(before, found)]
    documents = list(documents_of(files.texts, files.environment))
    wished = [*_drifted(before, observed, documents, files.texts), *_new(unmanaged, documents)]
    possible = [adoption for adoption in wished if not adoption.refusal]
    judged = _judged(
        possible, [], lambda adopted: _objection(adopted, files, pairs, declared, before)
    )
    kept = [adoption for adoption in judged if not adoption.refusal]
    texts = edited(files.texts, kept)
    dropped = [adoption for adoption in (*wished, *judged) if adoption.refusal]
    return Update(
        texts={file: text for file, text in texts.items() if text != files.texts[file]},
        edits=tuple(
            sorted(placed(files.texts, texts, kept), key=lambda edit: in_order(edit.place))
        ),
        not_live=tuple(change.extension for change in before.changes if change.action == "create"),
        diagnostics=(
            *(unreadable(found) for _, found in pairs if found.read != "complete"),
            *(finding for found, item in unmanaged for finding in left_out(found.catalog, [item])),
            *_blocked(before, observed),
            *(finding for adoption in dropped for finding in _refused(adoption)),
        ),
        complete=before.complete,
    )


def _unmanaged(before: Plan, found: ObservedCatalog) -> list[Declarable]:
    """The live extensions that no file declares, without those that a blocked declaration names."""
    blocked = [change.extension for change in before.blocked if change.catalog == found.catalog]
    names = {folded(ref.display_name) for ref in blocked}
    ids = {(ref.id or "").casefold() for ref in blocked}
    refs = (
        unmanaged.extension for unmanaged in before.unmanaged if unmanaged.catalog == found.catalog
    )
    free = {
        ref.id
        for ref in refs
        if folded(ref.display_name) not in names and (ref.id or "").casefold() not in ids
    }
    return declarables(found, {live_id for live_id in free if live_id})


def _drifted(
    before: Plan,
    observed: Sequence[ObservedCatalog],
    documents: Sequence[Document],
    texts: Mapping[str, str],
) -> Iterator[Adoption]:
    live = {
        (found.catalog.id, extension.id): extension
        for found in observed
        for extension in found.extensions
    }
    for change in before.pending:
        observed_now: ObservedExtension | None = live.get(
            (change.catalog.id, change.extension.id or "")
        )
        if observed_now is not None:
            yield from adoptions(change, declarable(observed_now), documents, texts)


def _new(
    unmanaged: Sequence[tuple[ObservedCatalog, Declarable]], documents: Sequence[Document]
) -> Iterator[Adoption]:
    """Each unmanaged extension that can be declared, for the last document of its catalog."""
    for found, item in unmanaged:
        if item.body is not None:
            last = [document for document in documents if document.declares(found.catalog)][-1]
            yield new_extension(last, found.catalog, item)


def _judged(
    wished: Sequence[Adoption],
    judged: Sequence[Adoption],
    objection: Callable[[Sequence[Adoption]], str],
) -> Sequence[Adoption]:
    """The judged adoptions and the wished ones; refused are those that fail together with the
    others. Bisects.
    """
    kept = [adoption for adoption in judged if not adoption.refusal]
    because = objection([*kept, *wished]) if wished else ""
    if not because:
        return [*judged, *wished]
    if len(wished) == 1:
        return [*judged, replace(wished[0], refusal=because)]
    half = len(wished) // 2
    return _judged(wished[half:], _judged(wished[:half], judged, objection), objection)


def _objection(
    adopted: Sequence[Adoption],
    files: Files,
    pairs: Pairs,
    declared: Sequence[DesiredCatalog],
    before: Plan,
) -> str:
    """Why the edited files are wrong; "" if they declare and plan exactly what was adopted."""
    texts = edited(files.texts, adopted)
    after = files.declared(texts) if texts else ()
    edits = [edit for adoption in adopted for edit in adoption.edits]
    if not only_adopted(declared, after, adopted) or not _settled(
        before, files.plan(after, pairs), edits
    ):
        return _UNSAFE
    faults = (
        (environment.name, load_texts(texts.items(), environment).errors)
        for environment in files.others
    )
    return next((_elsewhere(name, found[0]) for name, found in faults if found), "")


def _elsewhere(environment: str, error: Diagnostic) -> str:
    return (
        f"the files would become invalid in environment {environment}, {error.code}:"
        f" {error.message}"
    )


def _settled(before: Plan, after: Plan, edits: Sequence[Edit]) -> bool:
    """True if the files differ from the live objects exactly as before, except for the edits."""
    settled = {(edit.extension.id, edit.path) for edit in edits}
    new = {edit.extension.id for edit in edits if not edit.path}
    return (
        _rows(after) == {row for row in _rows(before) if row[1:3] not in settled}
        and {unmanaged.extension.id for unmanaged in after.unmanaged}
        == {unmanaged.extension.id for unmanaged in before.unmanaged} - new
    )


def _rows(plan: Plan) -> set[tuple[str, str | None, tuple[str, ...], bytes]]:
    """The rows of a plan: extension, path and value; without positions and reasons."""
    changes = {
        (_key(change), change.extension.id, (), b"")
        for change in plan.changes
        if change.action in ("create", "blocked")
    }
    return changes | {
        (_key(change), change.extension.id, row.path, canonical_json(row.after))
        for change in plan.changes
        for row in declared_rows(change.fields)
    }


def _key(change: Change) -> str:
    """Identifies a change; a rename and an update of one extension have the same rows."""
    name = change.extension.display_name if change.action in ("create", "blocked") else ""
    return f"{change.action if name else 'update'} {change.catalog.id} {name}"


def _blocked(before: Plan, observed: Sequence[ObservedCatalog]) -> Iterator[Diagnostic]:
    read = {found.catalog.id for found in observed}
    for change in before.blocked:
        if change.catalog.id in read:
            what = f'"{change.extension.display_name}" is not updated in the file'
            yield _not_updated(what, change.because, change.source)


def _refused(adoption: Adoption) -> Iterator[Diagnostic]:
    for edit in adoption.edits:
        name = f'"{edit.extension.display_name}"'
        stays = f"{name}: {'/'.join(edit.path)} is not updated in the file"
        what = stays if edit.path else f"{name} ({edit.extension.id}) is not added to the file"
        yield _not_updated(what, adoption.refusal, edit.place)


def _not_updated(what: str, because: str, place: SourceLocation | None) -> Diagnostic:
    hint = "Edit the file by hand, or apply what it declares."
    return Diagnostic("R308", "warning", f"{what}, because {because.rstrip('.')}.", hint, place)
