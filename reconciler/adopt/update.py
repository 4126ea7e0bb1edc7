"""Files and live objects → the files with the live values, each edit verified by loading the edited
files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.adopt.adoption import Adoption, new_object
from reconciler.adopt.decisions import decision
from reconciler.adopt.drifted import adoptions
from reconciler.adopt.files import Files, Pairs
from reconciler.adopt.parts import parts
from reconciler.adopt.refusals import not_updated, refused
from reconciler.adopt.sources import Document, documents_of
from reconciler.adopt.verification import Before, objection
from reconciler.declarable.findings import left_out, unreadable
from reconciler.declarable.live import Declarable, declarable, declarables
from reconciler.declarable.names import Names
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.export import Update
from reconciler.model.kind import Kinds
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, ObservedScope
from reconciler.model.plan import Change, Plan
from reconciler.render.reasons import sentence
from reconciler.render.sentences import SENTENCES


@dataclass(frozen=True, slots=True)
class _Unmanaged:
    """An unmanaged live object, with its outermost parent."""

    parent: ObjectRef
    declarable: Declarable


def update(files: Files, pairs: Pairs) -> Update:
    """The edits that update the files to the live values in the scopes of the pairs, and what stays
    unchanged.

    A declared object that is not live is not changed. An edit is kept only if the files then
    declare what they did before plus the edit, and if nothing else differs from the live objects
    than before.
    """
    declared = files.declared(files.texts)
    before = Before(files, pairs, declared, files.plan(declared, pairs))
    complete = _complete(pairs)
    unmanaged = [each for scope in complete for each in _unmanaged(before.plan, scope, files)]
    proposed = _proposed(before, complete, unmanaged)
    made = decision(files.texts, proposed, lambda adopted: objection(adopted, before))
    return Update(
        made.texts,
        made.edits,
        not_live=tuple(
            change.object for change in before.plan.changes if change.action == "create"
        ),
        diagnostics=(
            *map(unreadable, _not_read(pairs, before.plan)),
            *_left_out(unmanaged),
            *_left_as_declared(before.plan, complete, files.document_format.kinds),
            *refused(made.refused),
        ),
        complete=before.plan.complete,
    )


def _complete(pairs: Pairs) -> list[ObservedScope]:
    """Every scope that was read, once."""
    scopes = (scope for _, scope in pairs if scope.read == "complete")
    return list({_parent_id(scope): scope for scope in scopes}.values())


def _not_read(pairs: Pairs, plan: Plan) -> Iterator[ObservedScope]:
    """The scopes that were not read, without those that an apply would create."""
    to_create = {planned.parent for planned in plan.scopes if planned.read == "to_create"}
    for _, scope in pairs:
        if scope.read != "complete" and scope.parent not in to_create:
            yield scope


def _parent_id(scope: ObservedScope) -> str | None:
    return scope.parent.id if scope.parent else None


def _scope_id(change: Change) -> str | None:
    """The id of the outermost parent; None for an object of the tenant."""
    return change.parents[0].id if change.parents else None


def _unmanaged(plan: Plan, scope: ObservedScope, files: Files) -> Iterator[_Unmanaged]:
    """The live objects that no file declares, without those that a blocked declaration names."""
    parent = scope.parent
    if parent is None:
        return
    blocked = [change.object for change in plan.blocked if _scope_id(change) == parent.id]
    names = {(ref.kind, folded(ref.display_name)) for ref in blocked}
    ids = {(ref.kind, (ref.id or "").casefold()) for ref in blocked}
    free = {
        live.id
        for live in _unmanaged_in(parent, plan)
        if live.id
        and (live.kind, folded(live.display_name)) not in names
        and (live.kind, live.id.casefold()) not in ids
    }
    for each in declarables(scope, files.document_format, free):
        yield _Unmanaged(parent, each)


def _unmanaged_in(parent: ObjectRef, plan: Plan) -> Iterator[ObjectRef]:
    for unmanaged in plan.unmanaged:
        if unmanaged.parents and unmanaged.parents[0].id == parent.id:
            yield unmanaged.object


def _proposed(
    before: Before, complete: Sequence[ObservedScope], unmanaged: Iterable[_Unmanaged]
) -> list[Adoption]:
    """Every edit that may be possible: drifted properties, then new objects."""
    files = before.files
    documents = list(documents_of(files.texts, files.document_format, files.environment))
    proposed = list(_drifted(before, complete, documents))
    for each in unmanaged:
        if each.declarable.body is not None:
            kind = files.document_format.kinds.named(each.declarable.live.ref.kind)
            of_parent = [document for document in documents if document.names(each.parent)]
            proposed.append(new_object(kind, each.declarable, of_parent))
    return proposed


def _drifted(
    before: Before, complete: Sequence[ObservedScope], documents: Sequence[Document]
) -> Iterator[Adoption]:
    document_format, texts = before.files.document_format, before.files.texts
    live = _by_id(complete)
    edited_in_place = (change for change in before.plan.pending if not change.removes)
    for change in edited_in_place:
        key = _scope_id(change), change.kind, change.object.id
        if key in live:
            kind = document_format.kinds.named(change.kind)
            observed, names = live[key]
            for part, drifted in parts(kind, change, observed, before.declared):
                # Found objects are drifted members alone here, which a file may declare as null.
                body = declarable(drifted, names, document_format, nulls=kind.is_foreign)
                yield from adoptions(part, kind, body, documents, texts)


def _by_id(
    scopes: Iterable[ObservedScope],
) -> Mapping[tuple[str | None, str, str | None], tuple[Observed, Names]]:
    """The live objects by the id of their outermost parent, their kind and id; with the names in
    their scope.
    """
    by_id = {}
    scopes = list(scopes)
    parents = [scope.parent for scope in scopes if scope.parent]
    for scope in scopes:
        refers = any(_refers(live) for live in scope.objects)
        names = Names.of(scope.objects, parents if refers else ())
        for live in scope.objects:
            by_id[_parent_id(scope), live.ref.kind, live.ref.id] = live, names
    return by_id


def _refers(live: Observed) -> bool:
    return any(isinstance(value, ObjectRef) for value in live.properties.values())


def _left_out(unmanaged: Iterable[_Unmanaged]) -> Iterator[Diagnostic]:
    for each in unmanaged:
        yield from left_out(each.parent, [each.declarable])


def _left_as_declared(
    plan: Plan, complete: Iterable[ObservedScope], kinds: Kinds
) -> Iterator[Diagnostic]:
    """R308 for each change in a scope that was read that is blocked, or removes a live object: a
    file that says so is not edited to the contrary.
    """
    read = {_parent_id(scope) for scope in complete}
    for change in plan.changes:
        stays = change.action == "blocked" or change.removes
        if stays and _scope_id(change) in read:
            what = f'"{change.object.display_name}" is not updated in the file'
            sentences = {**SENTENCES, **kinds.named(change.kind).reasons}
            because = sentence(change.reason, change, sentences)
            yield not_updated(what, because, change.source)
