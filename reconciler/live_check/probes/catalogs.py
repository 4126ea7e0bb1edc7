"""P12: whether the names of catalogs are unique, and whether a catalog with an extension in it can
be deleted.
"""

from __future__ import annotations

from reconciler.live_check import bodies
from reconciler.live_check.exchange import Result
from reconciler.live_check.judging import note_unique
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.live_facts import SECOND


async def ask(trial: Trial, notes: Notes) -> None:
    """POST a catalog with the name of the own one; DELETE one with an extension in it."""
    await _same_name(trial, notes)
    await _with_extension(trial, notes)


async def _same_name(trial: Trial, notes: Notes) -> None:
    first = trial.own_catalog
    second, result = await trial.create("catalog", bodies.catalog(first.name))
    note_unique(notes, "unique_catalog_names", first, second, result)


async def _with_extension(trial: Trial, notes: Notes) -> None:
    own, created = await trial.create("catalog", bodies.catalog(f"{trial.name}{SECOND}"))
    if own is None:
        raise undecided("a further catalog could not be created", created)
    await trial.shown(own)
    await trial.make("extension", trial.extension_body(), "p12", own)
    result = await trial.delete(own)
    if result.accepted:
        await trial.until_gone(own)
        notes.decide("delete_catalog_with_extensions", "accept", result)
    elif result.status in (400, 403, 409, 412, 422):
        await _note_refusal(trial, notes, own, result)
    else:
        notes.leave_unanswered("delete_catalog_with_extensions", result)


async def _note_refusal(trial: Trial, notes: Notes, own: OwnObject, refused: Result) -> None:
    """A refusal is about the extension only if the catalog can be deleted without it."""
    for extension in trial.owned.newest("extension", own.id):
        await trial.delete(extension)
        await trial.until_gone(extension)
    without = await trial.delete(own)
    if without.accepted:
        notes.decide("delete_catalog_with_extensions", "refuse", refused, without)
    else:
        reason = f"the empty catalog is not deleted either: {without}"
        notes.leave_open("delete_catalog_with_extensions", reason, refused, without)


PROBE = Probe(
    "P12",
    "Are the names of catalogs unique, and can one with an extension in it be deleted?",
    ("unique_catalog_names", "delete_catalog_with_extensions"),
    ask,
)
