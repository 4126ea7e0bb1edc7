"""P4: whether the names of extensions are unique in a catalog, and how long they may be."""

from __future__ import annotations

from reconciler.live_check.exchange import Result
from reconciler.live_check.judging import note_unique
from reconciler.live_check.notes import Notes
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial

_LONG = 257


async def ask(trial: Trial, notes: Notes) -> None:
    """POST a second extension with the same name, with one in another case, and with a long one."""
    own, _ = await trial.extension("p4")
    second, same_name = await _create(trial, own.name)
    note_unique(notes, "unique_extension_names", own, second, same_name)
    _, other_case = await _create(trial, own.name.replace("-p4-", "-P4-"))
    notes.observe("a second extension whose name differs in case alone", other_case)
    long = trial.new_name("p4-")
    _, of_long_name = await _create(trial, long + "x" * (_LONG - len(long)))
    notes.observe(f"a name of {_LONG} characters", of_long_name)


async def _create(trial: Trial, name: str) -> tuple[OwnObject | None, Result]:
    return await trial.create("extension", trial.extension_body()(name), trial.own_catalog)


PROBE = Probe(
    "P4", "Are the names of extensions unique in a catalog?", ("unique_extension_names",), ask
)
