"""What must be read for a plan once it is known what it changes; the plan is made again with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reconciler.app.counting import counting
from reconciler.app.kinds import KINDS
from reconciler.app.referring import observe_referring
from reconciler.app.runs import Progress
from reconciler.errors import ServiceError
from reconciler.model.graph import Graph
from reconciler.model.objects import Observed, Parents, Referring
from reconciler.model.plan import Plan
from reconciler.model.reason import Reason
from reconciler.network.concurrent import concurrently
from reconciler.plan.build import NOT_READ
from reconciler.plan.reads import Reads, to_look_at
from reconciler.plan.uses import Place, Uses, removing

Key: TypeAlias = tuple[str, str]
"""The kind and the id of a live object."""


async def with_reads(
    graph: Graph, build: Callable[..., Plan], live: Mapping[Key, Observed], progress: Progress
) -> Plan:
    """The plan, made again with what must be read once it is known what it changes. `live` has the
    objects that may need a second look, by their keys.
    """
    plan = build()
    reads = await _reads(graph, plan, live, progress)
    return plan if reads == NOT_READ else build(reads)


async def _reads(
    graph: Graph, plan: Plan, live: Mapping[Key, Observed], progress: Progress
) -> Reads:
    removed = removing(plan.changes)
    uses = await _uses(graph, removed, progress) if removed else Uses({})
    changes = to_look_at(plan.changes, KINDS) if live else []
    looked = counting("looking at what is changed", len(changes), progress)
    looks = await concurrently(_look(graph, live[change.object.key], looked) for change in changes)
    problems = {
        change.object.key: why
        for change, why in zip(changes, looks, strict=True)
        if why is not None
    }
    return Reads(uses, problems)


async def _look(graph: Graph, live: Observed, looked: Callable[[], None]) -> Reason | None:
    """Why the object must not be changed, which only a second look at it shows."""
    second_look = KINDS.named(live.ref.kind).second_look
    if second_look is None:
        raise AssertionError("the kind has no second look")
    try:
        answer: Mapping[str, Any] | ServiceError = await second_look.read(graph, live.ref)
    except ServiceError as error:
        answer = error
    looked()
    return second_look.problem(live, answer)


async def _uses(
    graph: Graph, removed: Mapping[Place, tuple[str, Parents]], progress: Progress
) -> Uses:
    """What can refer to the objects that a plan removes."""
    read = counting("reading what uses them", len(removed), progress)
    referring: dict[Place, Referring] = {}
    for name in dict.fromkeys(kind for kind, _ in removed.values()):
        scopes = {place: parents for place, (kind, parents) in removed.items() if kind == name}
        results = observe_referring(graph, KINDS, name, [*scopes.values()], read)
        referring |= zip(scopes, await results, strict=True)
    return Uses(referring)
