"""Settles the writes that a journal shows as sent and not as settled, before anything else is
planned. It only reads.

Each is looked for as patiently as a create whose answer was lost. A create takes the whole time,
whatever shows: two of the name must both be seen. An update or a delete is settled as soon as reads
return what was sent. After the whole time, what did not appear counts as not applied
(docs/adr/0027-the-journal-is-read-back.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.apply.check import read_each
from reconciler.apply.expectation import Expectation
from reconciler.apply.history import DAMAGED_HINT, SentWrite, Target
from reconciler.apply.read_back import POLL_WAITS_S, poll
from reconciler.diff.references import Key, parents_key
from reconciler.errors import (
    JournalError,
    RefusedError,
    ServiceError,
    ServiceRefusalError,
    ServiceUnansweredError,
)
from reconciler.model.kind import Kind, Kinds
from reconciler.model.names import folded
from reconciler.model.objects import Observed, Parents
from reconciler.model.plan import Change, UnsettledWrite
from reconciler.model.reason import reason
from reconciler.model.secrets import mask
from reconciler.model.wording import enumerated
from reconciler.network.concurrent import concurrently
from reconciler.render.escape import visible
from reconciler.render.nouns import noun
from reconciler.render.reasons import sentence

if TYPE_CHECKING:
    from reconciler.apply.run import Run
    from reconciler.graph.client import GraphClient

log = logging.getLogger("reconciler.apply")

NAMED = 3
"""Writes that are named in a message."""


async def settle(sent: Iterable[SentWrite], target: Target, run: Run) -> tuple[UnsettledWrite, ...]:
    """The writes to this tenant and Graph that stay unsettled, because what is live could not be
    read; the others are recorded as settled.

    Raises:
        AuthenticationError: Graph rejects the token.
        ServiceUnansweredError: Graph has not answered any HTTP request of this run.
        JournalError: a settled write could not be recorded, or the journal is damaged.
    """
    known = {kind.name for kind in run.kinds}
    own = [write for write in sent if write.target == target and write.object.kind in known]
    if not own:
        return ()
    _refuse_misplaced(own, run.kinds)
    log.warning(
        "The result of %s of an earlier run is unknown: %s. Looking for what became of %s before"
        " anything is planned, for up to %d s.",
        "a write" if len(own) == 1 else f"{len(own)} writes",
        _names(own),
        "it" if len(own) == 1 else "them",
        sum(POLL_WAITS_S),
    )
    unsettled = await concurrently(_settle(writes, run) for writes in _by_parents(own))
    return tuple(chain(*unsettled))


def _names(writes: Sequence[SentWrite]) -> str:
    """The writes in words, some of them if there are many."""
    names = [_name(write) for write in writes[:NAMED]]
    return enumerated([*names, f"{len(writes) - NAMED} more"] if len(writes) > NAMED else names)


def _name(write: SentWrite) -> str:
    inside = f" in {write.parents[-1]}" if write.parents else ""
    return visible(f'{write.action} of "{write.object}"{inside}')


def _refuse_misplaced(writes: Iterable[SentWrite], kinds: Kinds) -> None:
    """Returns if every object is in parents as all of its kind are.

    Raises:
        JournalError: one is not: it could not be looked for.
    """
    for write in writes:
        ref, parents = write.object, tuple(parent.kind for parent in write.parents)
        if parents != kinds.named(ref.kind).parents:
            raise JournalError(
                f"The journal is damaged: the {noun(ref.kind)} {ref}, sent at {write.sent_at},"
                " has other parents than its kind. Nothing was written.",
                hint=DAMAGED_HINT,
            )


def _by_parents(writes: Iterable[SentWrite]) -> list[list[SentWrite]]:
    groups: dict[tuple[str, Key], list[SentWrite]] = {}
    for write in writes:
        groups.setdefault((write.object.kind, parents_key(write.parents)), []).append(write)
    return list(groups.values())


async def _settle(writes: Sequence[SentWrite], run: Run) -> list[UnsettledWrite]:
    """Those of the writes to one kind in the same parents that stay unsettled."""
    kind, parents = run.kinds.named(writes[0].object.kind), writes[0].parents
    read = partial(_live, kind, run.graph, parents, writes)
    waiting = list(writes)
    live: Sequence[Observed] = ()
    try:
        async with aclosing(poll(read, run, POLL_WAITS_S)) as polls:
            async for live in polls:
                waiting = [write for write in waiting if not _shows(kind, write, live)]
                if not waiting:
                    break
    except ServiceError as error:
        if isinstance(error, ServiceUnansweredError) and not run.graph.answered:
            raise
        _record([write for write in writes if write not in waiting], live, run)
        return [_unsettled(write, error) for write in waiting]
    _record(writes, live, run)
    return []


async def _live(
    kind: Kind, graph: GraphClient, parents: Parents, writes: Sequence[SentWrite]
) -> Sequence[Observed]:
    """What is live in these parents, at least what the writes are about; nothing while they do not
    show, or no longer exist.
    """
    try:
        if kind.is_foreign:  # nothing is created, so that only the objects themselves count
            ids = dict.fromkeys(write.object.id for write in writes if write.object.id)
            return await read_each(kind, graph, parents, ids)
        return await kind.api.list(graph, parents)
    except ServiceRefusalError as error:
        if error.status == 404:
            return ()
        raise


def _shows(kind: Kind, write: SentWrite, live: Sequence[Observed]) -> bool:
    """True if reads return what an update or a delete has sent."""
    own_id = write.object.id
    if own_id is None:
        return False
    own = next((observed for observed in live if observed.id == own_id), None)
    if own is None or write.body is None:
        return own is None and write.body is None
    try:
        properties = kind.observe(write.parents, {**write.body, "id": own_id}).properties
    except ServiceError:
        return False  # the body is not one of ours: it takes the whole time
    sent = {path: value for path, value in properties.items() if path[0] in write.body}
    if kind.is_foreign:  # what is ours was sent whole: what is not in the body was removed
        sent |= {path: None for path in kind.fields.members if len(path) > 1 and path not in sent}
    return not Expectation(kind, sent).missing(own)


def _record(settled: Iterable[SentWrite], live: Sequence[Observed], run: Run) -> None:
    for write in settled:
        ids = [observed.id for observed in live if _is_of(write, observed)]
        live_now = f"live with id {enumerated(ids)}" if ids else "no such object is live"
        log.warning("Looked for the %s: %s.", _name(write), live_now)
        run.record("settled", **write.line, of_run=write.run, ids=ids)


def _is_of(write: SentWrite, observed: Observed) -> bool:
    """True for the object itself, and for others of its name, which is masked in the journal."""
    name = folded(mask(observed.ref.display_name or ""))
    return observed.id == write.object.id or name == folded(write.object.display_name)


def _unsettled(write: SentWrite, error: ServiceError) -> UnsettledWrite:
    why = reason(
        "unsettled_write", write=write.action, sent_at=write.sent_at, search_error=str(error)
    )
    return UnsettledWrite(write.object, write.parents, why)


def unsettled_refusal(changes: Iterable[Change]) -> RefusedError | None:
    """Why an approved plan must not be applied yet: it would change what an unsettled write is
    about. None if it would not.
    """
    held = [change for change in changes if change.reason.code == "unsettled_write"]
    if not held:
        return None
    named = (f'"{change.object}": {sentence(change.reason, change)}' for change in held)
    return RefusedError(
        "The plan cannot be applied yet; nothing was written.\n  " + "\n  ".join(named),
        hint="The plan still holds. Apply it again later: each apply looks for these writes first.",
    )
