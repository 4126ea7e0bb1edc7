"""Extensions as desired and observed objects, for tests that need no files and no Graph."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness import REQUEST, extension

from reconciler.app.kinds import KINDS, sentences
from reconciler.diff.changes import Diff, diff
from reconciler.kinds.extension import EXTENSION
from reconciler.kinds.extension.fields import FIELDS
from reconciler.model.diagnostic import SourceLocation
from reconciler.model.kind import Kinds
from reconciler.model.objects import (
    Desired,
    DesiredScope,
    ObjectRef,
    Observed,
    ObservedScope,
    Properties,
)
from reconciler.model.plan import Change, Outcome
from reconciler.render.reasons import outcome_note, outcome_sentence, sentence

PLACE = SourceLocation("f.yaml")


def canonical(body: dict[str, Any]) -> Properties:
    """The desired properties of a body."""
    return FIELDS.canonical(body)


def catalog_ref(catalog_id: str | None, name: str | None) -> ObjectRef:
    """A catalog, as a parent."""
    return ObjectRef("catalog", catalog_id, name)


def desired_extension(
    name: str,
    *,
    pinned: str | None = None,
    line: int = 1,
    type_name: str = REQUEST,
    body: dict[str, Any] | None = None,
) -> Desired:
    """A declared extension; complete, unless `body` says otherwise."""
    whole = extension(name, type_name) if body is None else body
    ref = ObjectRef("extension", pinned, name, FIELDS.short_type(type_name))
    return Desired(ref, (), canonical(whole), SourceLocation("f.yaml", line))


def absent_extension(
    name: str | None = None,
    *,
    pinned: str | None = None,
    line: int = 1,
    type_name: str | None = None,
) -> Desired:
    """An extension that is declared with `ensure: absent`."""
    ref = ObjectRef("extension", pinned, name, type_name and FIELDS.short_type(type_name))
    return Desired(ref, (), {}, SourceLocation("f.yaml", line), absent=True)


def observed_extension(body: dict[str, Any], parent: ObjectRef | None = None) -> Observed:
    """The extension in an answer."""
    return EXTENSION.observe((parent,) if parent else (), body)


def desired_scope(parent: ObjectRef, *names: str) -> DesiredScope:
    """A catalog in which extensions of these names are declared."""
    objects = (desired_extension(name) for name in names)
    return DesiredScope(parent, tuple(replace(each, parents=(parent,)) for each in objects), PLACE)


def observed_scope(parent: ObjectRef, *bodies: dict[str, Any]) -> ObservedScope:
    """A catalog that was read completely; extensions without an id are numbered."""
    objects = tuple(
        observed_extension({"id": str(number), **body}, parent)
        for number, body in enumerate(bodies)
    )
    return ObservedScope(parent, "complete", objects)


def diff_of(
    parent: ObjectRef, desired: Sequence[Desired], scope: ObservedScope, kinds: Kinds = KINDS
) -> Diff:
    """The difference in one catalog."""
    return diff(kinds, [(scope, [replace(each, parents=(parent,)) for each in desired])])


def because(change: Change) -> str:
    """The sentence of the change's reason."""
    return sentence(change.reason, change, sentences())


def explained(outcome: Outcome) -> str:
    """The sentence of the outcome's reason, with its note and what Graph said; "" for one that is
    plainly done.
    """
    if outcome.reason is None:
        return ""
    said, note = outcome_sentence(outcome, sentences()), outcome_note(outcome, sentences())
    return said if note in said else f"{said}; {note}"
