"""P1, what needs no policy: how a single object is answered, and which filters are evaluated."""

from __future__ import annotations

from reconciler.live_check import requests
from reconciler.live_check.exchange import Result
from reconciler.live_check.judging import note_filter
from reconciler.live_check.notes import Notes, undecided
from reconciler.live_check.polling import turns
from reconciler.live_check.probe import Probe
from reconciler.live_check.trial import Trial
from reconciler.model.graph import Request


async def ask(trial: Trial, notes: Notes) -> None:
    """GET a new extension, and filter catalogs by two names."""
    _, shown = await trial.extension("p1")
    notes.decide("wrap_answers", shown.body is not shown.result.body, shown.result)
    await _filter_or(trial, notes)


async def _filter_or(trial: Trial, notes: Notes) -> None:
    """Whether `or` is evaluated, on the own catalog and a name that nothing has; the own one alone
    is the control.
    """
    name = trial.own_catalog.name
    alone = await _catalogs(trial, f"displayName eq '{name}'")
    if not alone.items:
        raise undecided("a filter with one name does not show the catalog", alone)
    both = await _catalogs(trial, f"displayName eq '{name}' or displayName eq '{name}-none'")
    note_filter(notes, "filter_or", both, lambda body: body.get("displayName") == name)


async def _catalogs(trial: Trial, expression: str) -> Result:
    """What the filter shows, once it shows anything: a list can lag."""
    request = Request.to(requests.collection(trial.graph, "catalog"), filter=expression)
    async for _ in turns(trial.graph.limits.retry):
        result = await trial.exchanges.list(request)
        if result.items or not result.accepted:
            break
    return result


PROBE = Probe(
    "P1",
    "How is a single extension answered, and does a filter take 'or'?",
    ("wrap_answers", "filter_or"),
    ask,
)
