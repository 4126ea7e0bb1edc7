"""Whether a change still matches Graph: for a whole saved plan first, then before each write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.apply import outcomes
from reconciler.apply.writing import Writing
from reconciler.diff.changes import fingerprint
from reconciler.diff.compare import compare
from reconciler.diff.patch import patched
from reconciler.errors import NotRepeatedError, ServiceError
from reconciler.model.fields import value_at
from reconciler.model.kind import Kind
from reconciler.model.names import folded
from reconciler.model.objects import ObjectRef, Observed, Parents
from reconciler.model.plan import Change, FieldChange, Outcome
from reconciler.model.reason import Reason, reason
from reconciler.model.secrets import holds_stand_in
from reconciler.network.concurrent import concurrently

if TYPE_CHECKING:
    from reconciler.apply.run import Run
    from reconciler.graph.client import GraphClient

APPLIED_BEFORE = "An earlier attempt of the same write was applied."


async def check(writing: Writing, run: Run) -> Outcome | ServiceError | NotRepeatedError | None:
    """None if the write may be sent now; an outcome if it must not be.

    An error, in place of an answer, if an earlier attempt was applied, or may have been: only a
    read-back can tell then. HTTP 403 and 404 in a parent that this run created are returned too:
    Graph would refuse the write in the same way.
    """
    look = await _second_look(writing, run)  # first: nothing is read between this and the write
    try:
        live = await _read_before(writing, run)
    except ServiceError as error:
        if not writing.may_be_written:
            would_be_refused = writing.parent_lags(error) or writing.is_kept_out(error)
            return error if would_be_refused else outcomes.check_failed(writing, error)
        text = f"The pre-check before the write failed: {error}"
        return ServiceError(text, request_id=error.request_id)
    if writing.accepted is not None:
        return _check_second_spelling(writing, live)
    own = own_of(writing.change, live)
    if writing.may_be_written:
        checked = _check_repeated(writing, live, own)
    else:
        checked = _check_first(writing, live, own)
    if checked is None and look is not None and own is not None:
        return _held_back(writing, own, look)
    return checked


async def _second_look(writing: Writing, run: Run) -> Mapping[str, Any] | ServiceError | None:
    """What a second look at the object shows, or why it failed; None if none is needed."""
    second_look = writing.kind.second_look
    if second_look is None or not run.second_looks:
        return None
    try:
        return await second_look.read(run.graph, writing.change.object)
    except ServiceError as error:
        return error


def _held_back(
    writing: Writing, own: Observed, look: Mapping[str, Any] | ServiceError
) -> Outcome | None:
    """The outcome of a change that a second look at the object forbids."""
    second_look = writing.kind.second_look
    why = second_look.problem(own, look) if second_look is not None else None
    return None if why is None else outcomes.held_back(writing, why)


def _check_first(
    writing: Writing, live: Sequence[Observed], own: Observed | None
) -> Outcome | None:
    """The check before anything was sent; what must not exist, and does not, is done."""
    if writing.is_delete and own is None:
        writing.notes.append(reason("already_gone"))
        return outcomes.done(writing, None)
    why = stale_because(writing.kind, writing.change, live)
    if why is None and writing.delete_after is not None:
        why = stale_because(writing.kind, writing.delete_after, live)
    if why is not None:
        return outcomes.stale(writing, why)
    writing.before = live
    writing.begin(own)
    return None


async def read_live(writing: Writing, run: Run, *, all_objects: bool) -> Sequence[Observed]:
    """What is live now: all objects in the same parents, or the object itself.

    As long as Graph has not accepted its delete, that an object is gone must show in two reads, of
    itself and of all: one alone may be from before the object was created (docs/graph.md §5.5).

    Raises:
        ServiceError: it cannot be read.
    """
    change, api = writing.change, writing.kind.api
    if all_objects:
        return await api.list(run.graph, change.parents)
    own = await api.get(run.graph, change.parents, str(change.object.id))
    if own is None and writing.is_delete and not writing.delete_accepted:
        return await api.list(run.graph, change.parents)
    return [own] if own else []


async def read_each(
    kind: Kind, graph: GraphClient, parents: Parents, ids: Iterable[str]
) -> list[Observed]:
    """The objects with these ids that are live in these parents, each read alone.

    Raises:
        ServiceError: one cannot be read.
    """

    async def read(object_id: str) -> Observed | None:
        """The object, if it exists."""
        return await kind.api.get(graph, parents, object_id)

    return [live for live in await concurrently(map(read, ids)) if live is not None]


async def _read_before(writing: Writing, run: Run) -> Sequence[Observed]:
    """What the change depends on; for a create, the read-back of the create before it is used if it
    is recent enough.
    """
    recent = run.take_recent(writing.change) if writing.is_create else None
    if recent is not None:
        return recent
    reads_all = writing.reads_all and writing.accepted is None
    return await read_live(writing, run, all_objects=reads_all)


def own_of(change: Change, live: Sequence[Observed]) -> Observed | None:
    """The object that the change is about, among the live ones."""
    return next((observed for observed in live if observed.id == change.object.id), None)


def stale_because(kind: Kind, change: Change, live: Sequence[Observed]) -> Reason | None:
    """Why the change no longer matches the objects observed now; None if it does.

    For a create or a rename `live` must be all objects in the same parents, because the name must
    be free among them.
    """
    namesake = _namesake(change, live)
    if change.action == "create":
        if namesake is None:
            return None
        applied = _is_already_applied(kind, change, namesake)
        return reason("already_applied" if applied else "name_taken", id=namesake.id)
    own = own_of(change, live)
    if own is None:
        return None if change.action == "delete" else reason("gone", id=change.object.id)
    if not _is_as_planned(kind, change, own):
        applied = _is_already_applied(kind, change, own)
        return reason("already_applied" if applied else "changed_since", id=own.id)
    has_name = folded(own.ref.display_name) == folded(change.object.display_name)
    if change.action == "rename" and namesake is not None and not has_name:
        return reason("new_name_in_use", id=namesake.id)
    return None


def _check_repeated(
    writing: Writing, live: Sequence[Observed], own: Observed | None
) -> Outcome | NotRepeatedError | None:
    """The check before an attempt is repeated although an earlier one may have been applied."""
    change = writing.change
    if writing.expected.met(own):
        return NotRepeatedError(APPLIED_BEFORE, may_be_applied=True)
    why = stale_because(writing.kind, change, live)
    if why is None:
        return None
    if writing.is_create:
        return outcomes.lost_before_retry(why, writing)
    return outcomes.stale(writing, why)


def _check_second_spelling(
    writing: Writing, live: Sequence[Observed]
) -> Outcome | NotRepeatedError | None:
    """Nothing but the values with another name may still be missing."""
    expected = writing.expected
    missing = expected.missing(own_of(writing.change, live))
    if not missing:
        return NotRepeatedError(APPLIED_BEFORE, may_be_applied=True)
    if expected.lost_only_aliases(missing):
        return None
    kind = writing.kind.name
    return NotRepeatedError(f"the {kind} changed before the write could be repeated")


def _namesake(change: Change, live: Sequence[Observed]) -> Observed | None:
    """Another live object with the name that the object will have."""
    name, allowed = folded(change.object.display_name), (change.object.id, *change.namesakes)
    return next(
        (
            observed
            for observed in live
            if observed.id not in allowed and folded(observed.ref.display_name) == name
        ),
        None,
    )


def _is_as_planned(kind: Kind, change: Change, own: Observed) -> bool:
    """True if the fingerprint and every row's `before` equal those of the live object."""
    if change.precondition is None or change.precondition.fingerprint != fingerprint(kind, own):
        return False
    return all(_is_unchanged(row, own) for row in change.fields)


def _is_unchanged(row: FieldChange, own: Observed) -> bool:
    if isinstance(row.before, ObjectRef):
        live = value_at(own.properties, row.path)
        return isinstance(live, ObjectRef) and live.id == row.before.id
    return holds_stand_in(row.before) or value_at(own.properties, row.path) == row.before


def _is_already_applied(kind: Kind, change: Change, live: Observed) -> bool:
    same_type = live.ref.type == change.object.type
    return same_type and not compare(kind.fields, patched({}, change.fields), live.properties)
