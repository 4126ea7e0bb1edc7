"""P1, what needs no policy: how a single object is answered, and which filters are evaluated."""

from __future__ import annotations

from reconciler.live_check import requests
from reconciler.live_check.notes import Notes
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.graph import Request


async def ask(trial: Trial, notes: Notes) -> None:
    """GET a new extension, and filter catalogs by two names."""
    await _filter_or(trial, notes)
    _, shown = await trial.extension("p1")
    nested = "id" not in shown.result.body
    notes.decide("wrap_answers", nested, shown.result)


async def _filter_or(trial: Trial, notes: Notes) -> None:
    """Whether `or` is evaluated, on the own catalog and a name that nothing has."""
    name = trial.own_catalog.name
    builder = requests.collection(trial.graph, "catalog")
    expression = f"displayName eq '{name}' or displayName eq '{name}-none'"
    alone = await trial.exchanges.list(requests.catalogs_named(trial.graph, name))
    result = await trial.exchanges.list(Request.to(builder, filter=expression))
    if not alone.accepted:
        notes.leave_open("filter_or", f"a filter with one name is not accepted: {alone}", alone)
    elif result.refused_input:
        notes.decide("filter_or", "refuse", alone, result)
    elif not result.accepted:
        notes.leave_open("filter_or", f"the answer decides nothing: {result}", result)
    elif all(str(each.get("displayName")).startswith(name) for each in result.items):
        notes.decide("filter_or", "accept", alone, result)
    else:
        notes.leave_open("filter_or", "the filter was accepted and not evaluated", result)


PROBE = Probe(
    "P1",
    "How is a single extension answered, and does a filter take 'or'?",
    ("wrap_answers", "filter_or"),
    ask,
)
