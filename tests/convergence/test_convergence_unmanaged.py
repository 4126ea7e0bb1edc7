"""`unmanaged: delete`: any live state becomes the declared one; of what was live, only what shares
a name with a declaration stays. How a state was reached leaves no trace in what is declared.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import MARKETING, Json, Tenant, catalog, declare, tenant
from hypothesis import given, settings
from hypothesis import strategies as st
from objects import explained, observed_extension
from test_convergence import IDS, bodies, switches
from tiers import examples

from reconciler.kinds.extension import EXTENSION
from reconciler.model.fields import value_at
from reconciler.model.names import folded

MAX_ROUNDS = 4
"""A create that looks like a rename keeps the old object for one round, and so does a name that a
rename frees.
"""


@dataclass
class World:
    """What is live and what is declared; `stay`: the live objects that no declaration matches, but
    whose name one carries.
    """

    switches: list[str]
    live: list[Json] = field(default_factory=list)
    declared: list[Json] = field(default_factory=list)
    stay: set[str] = field(default_factory=set)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A catalog in which several may share a name. Where they do, a declaration of that name is
    pinned to one of them, with its type; otherwise it may be of another type.
    """
    world = World(draw(switches()))
    with_url = "app_only_without_url=refuse" in world.switches
    for object_id in IDS[: draw(st.integers(0, 4))]:
        body = draw(bodies(with_url=with_url, declared=False))
        world.live.append({"id": object_id, **body})
    for declared in draw(states(with_url=with_url)):
        same = [each for each in world.live if _name(each) == _name(declared)]
        if len(same) > 1:
            own = draw(st.sampled_from(same))
            typed = draw(bodies(with_url=with_url, declared=True, types=(own["@odata.type"],)))
            names = {"id": own["id"], "displayName": declared["displayName"]}
            world.declared.append({**typed, **names})
            world.stay |= {each["id"] for each in same if each is not own}
        else:
            world.declared.append(declared)
    return world


def states(*, with_url: bool) -> st.SearchStrategy[list[Json]]:
    """What one document declares: at least one extension, each name once."""
    declared = bodies(with_url=with_url, declared=True)
    return st.lists(declared, min_size=1, max_size=3, unique_by=_name)


def _name(body: Json) -> str:
    return folded(body["displayName"])


def opened(
    folder: Path, live: Sequence[Json], chosen: Sequence[str]
) -> AbstractAsyncContextManager[Tenant]:
    """A tenant with one catalog, in a folder of its own."""
    folder.mkdir()
    return tenant(folder, catalog("Marketing", MARKETING, live), switches=chosen)


async def settled(held: Tenant, folder: Path, declared: Sequence[Json]) -> dict[str, Json]:
    """What is live, by id, after as many rounds as it takes until there is nothing to do."""
    document = {"catalog": "Marketing", "unmanaged": "delete", "extensions": [*declared]}
    declare(folder / "desired", document)
    for _ in range(MAX_ROUNDS):
        plan = await held.plan(folder / "desired")
        if not plan.changes:
            return {each["id"]: each for each in held.store.extensions()}
        blocked = {change.reason.code for change in plan.blocked}
        assert blocked <= {"looks_renamed", "catalog_not_settled"}, plan.blocked
        for outcome in await held.apply(plan):
            ended = ("done",) if outcome.change.action != "blocked" else ("skipped",)
            assert outcome.status in ended, explained(outcome)
    raise AssertionError(f"there is still something to do: {plan.changes}")


@settings(max_examples=examples(40))
@given(worlds())
def test_after_an_apply_nothing_is_live_that_is_not_declared(world: World) -> None:
    async def story(folder: Path) -> dict[str, Json]:
        async with opened(folder / "tenant", world.live, world.switches) as held:
            return await settled(held, folder / "tenant", world.declared)

    with tempfile.TemporaryDirectory() as folder:
        after = asyncio.run(story(Path(folder)))
    before = {each["id"]: each for each in world.live}
    kept = {key: after[key]["displayName"] for key in world.stay}
    assert kept == {key: before[key]["displayName"] for key in world.stay}
    names = sorted(_name(body) for key, body in after.items() if key not in world.stay)
    assert names == sorted(map(_name, world.declared)), "each that is declared once, nothing else"


@settings(max_examples=examples(15))
@given(st.data(), switches())
def test_a_chain_of_states_ends_as_its_last_one_alone(
    data: st.DataObject, chosen: list[str]
) -> None:
    with_url = "app_only_without_url=refuse" in chosen
    chain = data.draw(st.lists(states(with_url=with_url), min_size=2, max_size=3))

    async def story(folder: Path, states_in_turn: Sequence[Sequence[Json]]) -> dict[str, Json]:
        async with opened(folder, [], chosen) as held:
            for declared in states_in_turn:
                live = await settled(held, folder, declared)
            return live

    with tempfile.TemporaryDirectory() as folder:
        reached = asyncio.run(story(Path(folder) / "chain", chain))
        alone = asyncio.run(story(Path(folder) / "alone", chain[-1:]))
    assert declared_of(reached, chain[-1]) == declared_of(alone, chain[-1])


def declared_of(live: Mapping[str, Json], declared: Sequence[Json]) -> dict[str, Any]:
    """By name: the type of what is live, and its values where the declaration has one."""
    written = {_name(body): observed_extension({"id": MARKETING, **body}) for body in declared}
    result: dict[str, Any] = {}
    for body in live.values():
        observed = observed_extension(body)
        paths = written[_name(body)].properties
        values = {
            path: EXTENSION.fields.comparable(path, value_at(observed.properties, path))
            for path in paths
        }
        result[_name(body)] = observed.ref.type, values
    return result
