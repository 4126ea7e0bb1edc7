"""Any live catalogs can be turned into any declared ones, under all that docs/graph.md §8 leaves
open.
"""

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import Any

from harness import FINANCE, MARKETING, Json, catalog, declare, extension, tenant
from hypothesis import given, settings
from hypothesis import strategies as st
from objects import explained
from tiers import examples

from reconciler.model.names import folded

IDS = [MARKETING, FINANCE, "00000000-0000-4000-8000-000000000003"]
NAMES = ["Marketing", "marketing", "Finance", "É", "E\u0301", "it's"]
MEMBERS = {
    "description": st.sampled_from(["", "x", "no", "y # not a comment", "z\nz"]),
    "state": st.sampled_from(["published", "unpublished"]),
    "isExternallyVisible": st.booleans(),
}
WRITTEN = {**MEMBERS, "description": st.none() | MEMBERS["description"]}
BUILT_IN = "serviceDefault"


@st.composite
def live_catalogs(draw: st.DrawFn) -> list[Json]:
    """Up to three; the first one may be the built-in one."""
    number = draw(st.integers(0, len(IDS)))
    held = [
        {**catalog(draw(st.sampled_from(NAMES)), key), **draw(st.fixed_dictionaries(MEMBERS))}
        for key in IDS[:number]
    ]
    if held and draw(st.booleans()):
        held[0]["catalogType"] = BUILT_IN
    return held


@st.composite
def documents(draw: st.DrawFn) -> list[Json]:
    """Documents of up to three catalogs; a catalog may have two, which declare parts of it."""
    declared: list[Json] = []
    names = draw(st.lists(st.sampled_from(NAMES), max_size=3, unique_by=folded))
    pins = draw(st.permutations(IDS))
    for name, pin in zip(names, pins, strict=False):
        whole = draw(st.fixed_dictionaries({}, optional=WRITTEN))
        address = {"displayName": name} | ({"id": pin} if draw(st.booleans()) else {})
        split = draw(st.sets(st.sampled_from(sorted(whole)))) if whole else set()
        parts = [{key: value for key, value in whole.items() if key not in split}]
        parts += [{key: whole[key] for key in split}] if split else []
        declared += [{"catalog": {**address, **part}} for part in parts]
        if draw(st.booleans()):
            declared.append({"catalog": name, "extensions": [extension("a")]})
    return declared


@st.composite
def switches(draw: st.DrawFn) -> list[str]:
    open_questions = {
        "unique_catalog_names": ["true", "false"],
        "page_size": ["1", "2", "100"],
        "filter_or": ["accept", "refuse"],
        "empty_text": ["as_sent", "null", "empty"],
        "list_order": ["insertion", "reverse", "shuffle"],
        "extra_properties": ["true", "false"],
        "empty_pages": ["true", "false"],
        "lag_reads": ["0", "1", "3"],
    }
    return [f"{name}={draw(st.sampled_from(values))}" for name, values in open_questions.items()]


@settings(max_examples=examples(60))
@given(live_catalogs(), documents(), switches())
def test_after_an_apply_the_plan_is_empty(
    held_before: list[Json], declared: list[Json], chosen: list[str]
) -> None:
    live = {folded(each["displayName"]): each for each in held_before}
    if "unique_catalog_names=true" in chosen:  # such a Graph holds no two of one name
        held_before = [*live.values()]

    async def story(folder: Path) -> None:
        declare(folder / "desired", *declared)
        async with tenant(folder, *held_before, switches=chosen) as held:
            before = {each["id"]: each for each in held.store.catalogs()}
            plans = [await held.plan(folder / "desired")]
            while plans[-1].pending and len(plans) < 6:
                ended = await held.apply(plans[-1])
                wrong = [
                    (one.status, explained(one)) for one in ended if one.change.action != "blocked"
                ]
                assert all(status == "done" for status, _ in wrong), wrong
                plans.append(await held.plan(folder / "desired"))
            after = {each["id"]: each for each in held.store.catalogs()}
        assert plans[-1].pending == ()
        waiting = (
            "name_pinned_elsewhere",
            "new_name_taken",
            "former_name_declared",
            "parent_ambiguous",  # until one of the two is renamed
        )
        for earlier, later in itertools.pairwise(plans):
            waited = any(one.reason.code in waiting for one in earlier.blocked)
            assert not later.pending or waited
        changes = [change for plan in plans for change in plan.pending if change.kind == "catalog"]
        creates = sum(change.action == "create" for change in changes)
        assert len(after) == len(before) + creates, "nothing twice, nothing lost"
        touched = {change.object.id for change in changes}
        kept = {key for key in before if key not in touched}
        kept |= {key for key, each in before.items() if each["catalogType"] == BUILT_IN}
        assert all(after[key] == before[key] for key in kept), "the rest is left alone"

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder)))


@settings(max_examples=examples(15))
@given(live_catalogs(), documents(), st.data())
def test_the_order_of_documents_changes_nothing(
    held_before: list[Json], declared: list[Json], data: st.DataObject
) -> None:
    async def digest(folder: Path, *files: list[Any]) -> str:
        for number, file in enumerate(files):
            declare(folder / "desired", *file, name=f"{number}.yaml")
        async with tenant(folder, *held_before) as held:
            return (await held.plan(folder / "desired")).digest

    cut = data.draw(st.integers(0, len(declared)))
    shuffled = data.draw(st.permutations(declared))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert asyncio.run(digest(Path(one), declared)) == asyncio.run(
            digest(Path(other), shuffled[:cut], shuffled[cut:])
        )
