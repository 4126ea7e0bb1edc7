"""Any live state becomes any desired one that declares absent what is not wanted, and changes the
type of what is; what no file declares is never touched.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import ASSIGNMENT, REQUEST, Json, Tenant, catalog, declare, tenant
from hypothesis import given, settings
from hypothesis import strategies as st
from objects import explained
from test_convergence import NAMES, bodies, switches
from tiers import examples

from reconciler.model.names import folded
from reconciler.model.plan import Plan

IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(6)]
OTHER_TYPE = {REQUEST: ASSIGNMENT, ASSIGNMENT: REQUEST}
MAX_ROUNDS = 3
"""A name that a deletion frees is taken in the round after it."""


@dataclass
class World:
    """What is live, what is declared, and what becomes of each live object: `absent`, `retyped`,
    `kept` or, undeclared, `left`.
    """

    switches: list[str]
    live: list[Json] = field(default_factory=list)
    declared: list[Json] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)

    def ids(self, fate: str) -> set[str]:
        """The live objects with this fate."""
        return {object_id for object_id, each in self.fates.items() if each == fate}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A catalog in which several may share a name, with a fate for each of its extensions, and some
    new ones, also under names that become free.
    """
    world = World(draw(switches()))
    with_url = "app_only_without_url=refuse" in world.switches
    for object_id in IDS[: draw(st.integers(0, 5))]:
        body = draw(bodies(with_url=with_url, declared=False))
        world.live.append({"id": object_id, **body})
    names = [folded(each["displayName"]) for each in world.live]
    for body, name in zip(world.live, names, strict=True):
        alone = names.count(name) == 1
        fate = draw(st.sampled_from(["absent", "kept", *(["retyped", "left"] if alone else [])]))
        world.fates[body["id"]] = fate
        world.declared += draw(declarations(body, fate, alone=alone, with_url=with_url))
    taken = {
        name
        for body, name in zip(world.live, names, strict=True)
        if world.fates[body["id"]] != "absent"
    }
    declared = {folded(each["displayName"]) for each in world.declared if "displayName" in each}
    for name in {folded(name) for name in NAMES} - taken - declared:  # a name twice is R207
        if draw(st.booleans()):
            new = draw(bodies(with_url=with_url, declared=True))
            world.declared.append({**new, "displayName": name})
    return world


@st.composite
def declarations(
    draw: st.DrawFn, live: Json, fate: str, *, alone: bool, with_url: bool
) -> list[Json]:
    """What the files say of a live object; by its id, or, if nothing else has its name, by that."""
    if fate == "left":
        return []
    by_id = {"id": live["id"]} if not alone or (fate != "retyped" and draw(st.booleans())) else {}
    name, own_type = {"displayName": live["displayName"]}, live["@odata.type"]
    if fate == "absent":
        named = name if not by_id or draw(st.booleans()) else {}
        typed = {"@odata.type": own_type} if draw(st.booleans()) else {}
        return [{**by_id, **named, **typed, "ensure": "absent"}]
    new_type = OTHER_TYPE[own_type] if fate == "retyped" else own_type
    body = draw(bodies(with_url=with_url, declared=True, types=(new_type,)))
    return [{**body, **by_id, **name}]


@dataclass
class Reached:
    """What is live at the end, and the plans on the way."""

    plans: list[Plan]
    after: Mapping[str, Json]
    before: Mapping[str, Json]


async def reached(world: World, folder: Path) -> Reached:
    """Applies until the plan is empty; every change that is not blocked is done."""
    declare(folder / "desired", {"catalog": "Marketing", "extensions": world.declared})
    async with tenant(folder, catalog(extensions=world.live), switches=world.switches) as held:
        before = by_id(held)
        plans = [await held.plan(folder / "desired")]
        while plans[-1].changes and len(plans) <= MAX_ROUNDS:
            for outcome in await held.apply(plans[-1]):
                blocked = outcome.change.action == "blocked"
                assert blocked or outcome.status == "done", explained(outcome)
            plans.append(await held.plan(folder / "desired"))
        return Reached(plans, by_id(held), before)


def by_id(held: Tenant) -> dict[str, Json]:
    return {each["id"]: each for each in held.store.extensions()}


@settings(max_examples=examples(60))
@given(worlds())
def test_after_an_apply_of_deletions_and_replacements_the_plan_is_empty(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        end = asyncio.run(reached(world, Path(folder)))
    assert end.plans[-1].changes == ()
    blocked = {change.reason.code for plan in end.plans for change in plan.blocked}
    assert blocked <= {"name_freed_by_delete"}
    assert len(end.plans) <= (3 if blocked else 2), "one round is enough where no name becomes free"
    gone = world.ids("absent") | world.ids("retyped")
    assert gone.isdisjoint(end.after)
    assert world.ids("kept") <= end.after.keys()
    for object_id in world.ids("left"):
        assert end.after[object_id] == end.before[object_id], "what no file declares is untouched"
    pending = [change for plan in end.plans for change in plan.pending]
    made = sum(change.action in ("create", "replace") for change in pending)
    assert len(end.after) == len(end.before) - len(gone) + made, "nothing twice, nothing lost"


@settings(max_examples=examples(15))
@given(worlds(), st.data())
def test_the_order_of_files_changes_no_deletion(world: World, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(world.declared))
    cut = data.draw(st.integers(0, len(shuffled)))
    parts = [world.declared, []], [shuffled[:cut], shuffled[cut:]]
    with tempfile.TemporaryDirectory() as folder:
        digests = [
            asyncio.run(digest_of(world, new_folder(folder, number), part))
            for number, part in enumerate(parts)
        ]
    assert digests[0] == digests[1]


def new_folder(folder: str, number: int) -> Path:
    path = Path(folder) / str(number)
    path.mkdir()
    return path


async def digest_of(world: World, folder: Path, parts: Sequence[Sequence[Json]]) -> Any:
    """The digest of the plan for declarations in so many files."""
    for number, declared in enumerate(parts):
        document = {"catalog": "Marketing", "extensions": [*declared]}
        declare(folder / "desired", document, name=f"{number}.yaml")
    live = catalog(extensions=world.live)
    async with tenant(folder, live, switches=[*world.switches, "lag_reads=0"]) as held:
        return (await held.plan(folder / "desired")).digest
