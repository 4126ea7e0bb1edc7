"""Any live state can be turned into any declared one, under all that docs/graph.md §8
leaves open.
"""

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import Any

from harness import (
    ASSIGNMENT,
    FINANCE,
    MARKETING,
    REQUEST,
    URL,
    catalog,
    declare,
    extension,
    tenant,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from objects import explained
from tiers import examples

IDS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(4)]
NAMES = ["a", "A", "b", "c d", "É"]
TYPES = (REQUEST, REQUEST, ASSIGNMENT)

timeouts = st.sampled_from(["PT5M", "PT60M", "P1D", "PT24H", "P14D"])


@st.composite
def bodies(
    draw: st.DrawFn, *, with_url: bool, declared: bool, types: tuple[str, ...] = TYPES
) -> dict[str, Any]:
    """A request body of one of the types; `declared` ones may hold nulls and either timeout name,
    live ones are as a seed wants them.
    """
    kind = draw(st.sampled_from(types))
    body = extension(draw(st.sampled_from(NAMES)), kind)
    body["endpointConfiguration"]["logicAppWorkflowName"] = draw(
        st.sampled_from(["la", "LA", "other"])
    )
    if with_url or draw(st.booleans()):
        body["endpointConfiguration"]["url"] = draw(
            st.sampled_from([URL, URL.replace("manual", "second")])
        )
    nothing = st.none() if declared else st.nothing()
    if draw(st.booleans()):
        body["description"] = draw(
            nothing | st.sampled_from(["", "x", "y # not a comment", "'\"{}[]&*!|>%@`", "z\nz"])
        )
    if kind == REQUEST and draw(st.booleans()):
        name = (
            draw(st.sampled_from(["timeoutDuration", "durationBeforeTimeout"]))
            if declared
            else "timeoutDuration"
        )
        body["callbackConfiguration"] = draw(nothing | st.fixed_dictionaries({name: timeouts}))
    if draw(st.booleans()):
        members = {
            "timeoutInMilliseconds": nothing | st.sampled_from([200, 2000]),
            "maximumRetries": nothing | st.sampled_from([0, 1]),
        }
        body["clientConfiguration"] = draw(nothing | st.fixed_dictionaries(members))
    if draw(st.booleans()):
        token = "#microsoft.graph.azureAdTokenAuthentication"
        body["authenticationConfiguration"] = {
            "@odata.type": token,
            "resourceId": draw(st.sampled_from(IDS)),
        }
    return body


@st.composite
def switches(draw: st.DrawFn) -> list[str]:
    open_questions = {
        "timeout_answer": ["timeoutDuration", "durationBeforeTimeout", "both"],
        "timeout_accept": ["timeoutDuration", "durationBeforeTimeout", "both"],
        "timeout_other": ["reject", "ignore"],
        "app_only_without_url": ["accept", "refuse"],
        "put": ["merge", "replace"],
        "page_size": ["1", "2", "100"],
        "filter_or": ["accept", "refuse"],
        "empty_text": ["as_sent", "null", "empty"],
        "list_order": ["insertion", "reverse", "shuffle"],
        "extra_properties": ["true", "false"],
        "empty_pages": ["true", "false"],
        "lag_reads": ["0", "1", "3"],
        "wrap_answers": ["true", "false"],
    }
    return [f"{name}={draw(st.sampled_from(values))}" for name, values in open_questions.items()]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]], list[dict[str, Any]]]:
    """Switches, live extensions of two catalogs, and what is declared for them, partly pinned to
    live ids.
    """
    chosen = draw(switches())
    with_url = "app_only_without_url=refuse" in chosen
    found = draw(st.lists(bodies(with_url=with_url, declared=False), max_size=4))
    found = [{"id": IDS[number], **body} for number, body in enumerate(found)]
    unique = st.lists(
        bodies(with_url=with_url, declared=True),
        max_size=4,
        unique_by=lambda body: body["displayName"].casefold(),
    )
    wanted = draw(unique)
    pins = draw(st.permutations(IDS))
    for number, body in enumerate(wanted):
        if draw(st.booleans()):
            body["id"] = pins[number]
    return chosen, found, wanted


@settings(max_examples=examples(60))
@given(worlds(), st.booleans())
def test_after_an_apply_the_plan_is_empty(world: tuple[Any, Any, Any], by_name: bool) -> None:
    chosen, found, wanted = world

    async def story(folder: Path) -> None:
        seeded = [catalog("Marketing", MARKETING, found), catalog("Finance", FINANCE, [])]
        address = "Marketing" if by_name else {"id": MARKETING}
        declare(
            folder / "desired",
            {"catalog": address, "extensions": wanted},
            {"catalog": "Finance", "extensions": wanted[:1]},
        )
        async with tenant(folder, *seeded, switches=chosen) as held:
            before = {item["id"]: item for item in held.store.extensions()}
            plans = [await held.plan(folder / "desired")]
            while plans[-1].pending and len(plans) < 6:
                ended = await held.apply(plans[-1])
                wrong = [
                    (one.status, explained(one)) for one in ended if one.change.action != "blocked"
                ]
                assert all(status == "done" for status, _ in wrong), wrong
                plans.append(await held.plan(folder / "desired"))
            after = {item["id"]: item for item in held.store.extensions()}
        assert plans[-1].pending == ()
        # A further round has work only for a name that a rename of the round before set free.
        waiting = ("name_pinned_elsewhere", "new_name_taken")
        for earlier, later in itertools.pairwise(plans):
            freed = {
                one.object.display_name for one in earlier.blocked if one.reason.code in waiting
            }
            assert {change.object.display_name for change in later.pending} <= freed
        pending = [change for plan in plans for change in plan.pending]
        creates = sum(change.action == "create" for change in pending)
        assert len(after) == len(before) + creates, "nothing twice, nothing lost"
        touched = {change.object.id for change in pending}
        assert all(after[key] == item for key, item in before.items() if key not in touched), (
            "the rest is left alone"
        )

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder)))


@settings(max_examples=examples(15))
@given(worlds(), st.data())
def test_the_order_of_files_and_documents_changes_nothing(
    world: tuple[Any, Any, Any], data: st.DataObject
) -> None:
    chosen, found, wanted = world

    async def digest(folder: Path, bodies: list[dict[str, Any]], rest: list[dict[str, Any]]) -> str:
        declare(folder / "desired", {"catalog": "Marketing", "extensions": bodies}, name="b.yaml")
        declare(folder / "desired", {"catalog": "Marketing", "extensions": rest}, name="a.yaml")
        async with tenant(
            folder, catalog(extensions=found), switches=[*chosen, "lag_reads=0"]
        ) as held:
            return (await held.plan(folder / "desired")).digest

    def at(folder: str, name: str) -> Path:
        path = Path(folder) / name
        path.mkdir()
        return path

    cut = data.draw(st.integers(0, len(wanted)))
    shuffled = data.draw(st.permutations(wanted))
    with tempfile.TemporaryDirectory() as folder:
        one = asyncio.run(digest(at(folder, "one"), wanted, []))
        other = asyncio.run(digest(at(folder, "other"), shuffled[:cut], shuffled[cut:]))
    assert one == other
