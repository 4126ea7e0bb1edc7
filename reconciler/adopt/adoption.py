"""Changes of one file that belong together, and why they were refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler.adopt.sources import Document
from reconciler.adopt.splices import Splice
from reconciler.declarable.defaults import beside
from reconciler.declarable.live import Declarable
from reconciler.declarable.written import Written, as_mapping
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.export import Edit
from reconciler.model.json_values import JsonObject
from reconciler.model.kind import Kind
from reconciler.render.nouns import noun


@dataclass(frozen=True, slots=True)
class NewObject:
    """An unmanaged object to append to a document: all that it `declares`, and its `body` without
    the defaults.
    """

    document: Document
    kind: Kind
    live_id: str
    declares: Written
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Adoption:
    """Changes of one file that belong together: splices or a new object, and the edits to report.

    `refusal` says why there are none.
    """

    file: str
    edits: tuple[Edit, ...]
    splices: tuple[Splice, ...] = ()
    new: NewObject | None = None
    refusal: str = ""


def new_object(kind: Kind, declarable: Declarable, documents: Sequence[Document]) -> Adoption:
    """A live object to append to the last of these documents, which are those of its parent, that
    has a list of its kind; its line is known once it was written.
    """
    listing = [document for document in documents if document.piece.member(kind.plural)]
    document = (listing or documents)[-1]
    place = SourceLocation(document.file, document.piece.line + 1)
    edits = (Edit(place, declarable.live.ref, declarable.live.parents),)
    if not listing:
        missing = f"no document of its {noun(kind.parents[0])} has `{kind.plural}`"
        return Adoption(document.file, edits, refusal=missing)
    declares = declarable.body or {}
    own = as_mapping(beside(document.defaults_of(kind), declares))
    new = NewObject(document, kind, declarable.live.id, declares, own)
    return Adoption(document.file, edits, new=new)


def with_refusals(
    adoptions: Sequence[Adoption], objection: Callable[[Sequence[Adoption]], str]
) -> list[Adoption]:
    """The adoptions, those refused to which there is an objection together with the accepted ones
    before them.

    All are tried at once first; where that fails, halves are: one bad edit among many costs few
    trials.
    """
    decided: list[Adoption] = []
    waiting = [list(adoptions)]
    while waiting:
        group = waiting.pop()
        if not group:
            continue
        accepted = [adoption for adoption in decided if not adoption.refusal]
        because = objection([*accepted, *group])
        if not because:
            decided += group
        elif len(group) == 1:
            decided.append(replace(group[0], refusal=because))
        else:
            half = len(group) // 2
            waiting += [group[half:], group[:half]]
    return decided
