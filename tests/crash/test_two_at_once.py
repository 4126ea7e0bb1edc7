"""Two applies at once: no duplicates if Graph shows them in time; otherwise they are found and
reported.
"""

import asyncio
import itertools
import threading
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from anyio.from_thread import start_blocking_portal
from crash_graph import LIMIT_S, ended, started
from harness import FINANCE, MARKETING, CommandLine, Json, Ran, catalog, declare, extension
from tiers import sample

from reconciler.sandbox.server import serve

STATE = Path("desired_state")
DATABASE = Path(".reconciler") / "sandbox.sqlite3"
CATALOGS = {
    "Marketing": MARKETING,
    "Finance": FINANCE,
    "Operations": "11111111-0000-4000-8000-000000000001",
}

AT_ONCE: list[str] = []
TWO_VIEWS = ["lag_reads=1", "views=2"]
"""How reads follow writes, as switches: with two views what was written shows, vanishes and shows
again.
"""


def apply_both(
    first: Middleware,
    second: Middleware,
    states: Sequence[Path] = (STATE, STATE),
    journals: Sequence[str] = ("first.jsonl", "second.jsonl"),
) -> list[Ran]:
    """Two applies of one Graph, started together; each meets a server of its own, so that one can
    be held back.
    """
    with start_blocking_portal() as portal, ExitStack() as stack:
        runs = []
        for fault, state, journal in zip((first, second), states, journals, strict=True):
            url = stack.enter_context(
                portal.wrap_async_context_manager(serve(DATABASE, faults=[fault]))
            )
            command = ("apply", state, "--auto-approve", "--format", "json", "--graph-url", url)
            runs.append(stack.enter_context(started(*command, "--journal", journal)))
        return [ended(run) for run in runs]


def names_all(text: str, ids: Sequence[str]) -> bool:
    """True when the text holds every one of the ids."""
    return all(one in text for one in ids)


@pytest.mark.parametrize(
    ("description", "reported"),
    [
        (None, "already_applied"),
        ("other", "name_taken"),
    ],
)
def test_what_the_other_run_created_is_not_created_again(
    reconciler: CommandLine, description: str | None, reported: str
) -> None:
    reconciler.seed(catalog())
    states = (STATE, Path("second_state"))
    declare(states[0], {"catalog": "Marketing", "extensions": [extension("a")]})
    declare(
        states[1], {"catalog": "Marketing", "extensions": [extension("a", description=description)]}
    )
    second_planned, first_committed = asyncio.Event(), asyncio.Event()
    listed: list[str] = []

    @web.middleware
    async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        await second_planned.wait()
        answer = await handler(request)
        first_committed.set()
        return answer

    @web.middleware
    async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
        if listed:
            second_planned.set()
            await first_committed.wait()
        if "catalog" in request.match_info:
            listed.append(request.path)
        return await handler(request)

    one, other = apply_both(first, second, states)
    (live,) = reconciler.live()
    (outcome,) = other.document["outcomes"]
    assert one.code == 0, one.err
    assert other.code == 5, other.err
    assert outcome["status"] == "failed"
    assert outcome["reason"] == {"code": reported, "id": live["id"]}


def test_with_one_journal_a_second_apply_writes_nothing(reconciler: CommandLine) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    requests: list[str] = []
    first_reads, second_ended = threading.Event(), asyncio.Event()

    @web.middleware
    async def held_back(request: web.Request, handler: Handler) -> web.StreamResponse:
        requests.append(request.method)
        first_reads.set()
        await second_ended.wait()
        return await handler(request)

    with start_blocking_portal() as portal:
        serving = serve(DATABASE, faults=[held_back])
        with portal.wrap_async_context_manager(serving) as url:
            command = ("apply", "--auto-approve", "--graph-url", url, "--journal", "journal.jsonl")
            with started(*command) as first:
                assert first_reads.wait(LIMIT_S)
                with started(*command) as second:
                    refused = ended(second)
                portal.call(second_ended.set)
                done = ended(first)
    assert (done.code, refused.code) == (0, 1), [done.err, refused.err]
    assert "in use by another run" in refused.err
    assert requests.count("POST") == len(reconciler.live()) == 1


def make_duplicates(reconciler: CommandLine) -> tuple[list[Ran], list[str]]:
    """Two applies that create the same extension before either can see the other; the ids of the
    duplicates.
    """
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    both = asyncio.Barrier(2)

    @web.middleware
    async def at_once(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "POST":
            return await handler(request)
        await both.wait()
        answer = await handler(request)
        await both.wait()
        return answer

    runs = apply_both(at_once, at_once)
    return runs, [item["id"] for item in reconciler.live()]


def test_unavoidable_duplicates_are_blocked_and_none_is_chosen(reconciler: CommandLine) -> None:
    _, duplicates = make_duplicates(reconciler)
    before = reconciler.live()
    assert len(duplicates) == 2
    planned = reconciler("plan", "--sandbox", "--format", "json")
    (change,) = planned.document["changes"]
    assert planned.code == 4, planned.err
    assert change["action"] == "blocked"
    assert names_all(str(change["reason"]["ids"]), duplicates)
    applied = reconciler("apply", "--sandbox", "--auto-approve")
    assert applied.code == 4, applied.err
    assert reconciler.live() == before
    assert names_all(applied.out, duplicates)


def test_both_runs_that_made_duplicates_say_so(reconciler: CommandLine) -> None:
    runs, duplicates = make_duplicates(reconciler)
    for run in runs:
        (outcome,) = run.document["outcomes"]
        assert run.code == 6, run.err
        assert outcome["status"] == "failed"
        assert names_all(str(outcome["reason"]["ids"]), duplicates)


def test_a_duplicate_made_after_the_others_read_back_is_reported_by_the_run_that_made_it(
    reconciler: CommandLine,
) -> None:
    reconciler.seed(catalog())
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    second_checked, first_read_back = asyncio.Event(), asyncio.Event()
    posted: list[str] = []

    @web.middleware
    async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            await second_checked.wait()
            posted.append(request.path)
            return await handler(request)
        answer = await handler(request)
        if posted:
            first_read_back.set()
        return answer

    @web.middleware
    async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            second_checked.set()
            await first_read_back.wait()
        return await handler(request)

    one, other = apply_both(first, second)
    (outcome,) = other.document["outcomes"]
    assert one.code == 0, one.err
    assert other.code == 6, other.err
    assert outcome["status"] == "failed"
    assert names_all(str(outcome["reason"]["ids"]), [item["id"] for item in reconciler.live()])
    assert reconciler("plan", "--sandbox").code == 4


def test_where_replicas_differ_neither_run_may_see_both_but_the_next_plan_does(
    reconciler: CommandLine,
) -> None:
    """Each run's last read returns its own extension, and a replica's state without the other."""
    reconciler.seed(catalog(), switches=TWO_VIEWS)
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a")]})
    second_checked, first_polled, second_posted, first_read_back = (
        asyncio.Event() for _ in range(4)
    )
    polls: list[str] = []

    @web.middleware
    async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            await second_checked.wait()
            polls.append("posted")
            return await handler(request)
        if len(polls) == 2:
            await second_posted.wait()
        answer = await handler(request)
        if polls:
            polls.append("polled")
            (first_polled if len(polls) == 2 else first_read_back).set()
        return answer

    @web.middleware
    async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            second_checked.set()
            await first_polled.wait()
            answer = await handler(request)
            second_posted.set()
            return answer
        if second_posted.is_set():
            await first_read_back.wait()
        return await handler(request)

    assert [run.code for run in apply_both(first, second)] == [0, 0]
    reconciler.catch_up()
    planned = reconciler("plan", "--sandbox", "--format", "json")
    assert planned.code == 4
    duplicates = [item["id"] for item in reconciler.live()]
    assert len(duplicates) == 2
    assert names_all(str(planned.document["changes"][0]["reason"]["ids"]), duplicates)


def race(head_start: int) -> list[Ran]:
    """Two applies: Graph hears the second when it has heard so many requests of the first, and the
    rest is chance.
    """
    second_is_there, go = asyncio.Event(), asyncio.Event()
    heard = itertools.count()

    @web.middleware
    async def first(request: web.Request, handler: Handler) -> web.StreamResponse:
        await second_is_there.wait()
        if next(heard) >= head_start:
            go.set()
        return await handler(request)

    @web.middleware
    async def second(request: web.Request, handler: Handler) -> web.StreamResponse:
        second_is_there.set()
        await go.wait()
        return await handler(request)

    return apply_both(first, second)


def bodies(name: str, **properties: Any) -> list[Json]:
    """Four extensions for the catalog of this name; no other catalog has their names."""
    return [extension(f"{name} {number}", **properties) for number in range(4)]


def declare_all(**properties: Any) -> None:
    """Declares four extensions in each of three catalogs."""
    declare(
        STATE, *({"catalog": name, "extensions": bodies(name, **properties)} for name in CATALOGS)
    )


HEAD_STARTS = [0, 3, 12, 24]
RACES = sample(itertools.product(HEAD_STARTS, (AT_ONCE, TWO_VIEWS)), (0, AT_ONCE).__eq__)


@pytest.mark.parametrize(("head_start", "switches"), RACES)
def test_a_race_of_creates_loses_nothing_and_hides_no_duplicates(
    reconciler: CommandLine, head_start: int, switches: list[str]
) -> None:
    empty = [catalog(name, catalog_id) for name, catalog_id in CATALOGS.items()]
    reconciler.seed(*empty, switches=switches)
    declare_all()
    runs = race(head_start)
    reconciler.catch_up()
    assert {run.code for run in runs} <= {0, 5, 6}
    live: defaultdict[str, list[str]] = defaultdict(list)
    for item in reconciler.live():
        live[item["displayName"]].append(item["id"])
    duplicates = {name: ids for name, ids in live.items() if len(ids) > 1}
    planned = reconciler("plan", "--sandbox", "--format", "json")
    blocked = {change["object"]["display_name"]: change for change in planned.document["changes"]}
    assert set(live) == {body["displayName"] for name in CATALOGS for body in bodies(name)}
    assert (planned.code, set(blocked)) == (4 if duplicates else 0, set(duplicates))
    outcomes = [outcome for run in runs for outcome in run.document["outcomes"]]
    for name, ids in duplicates.items():
        assert blocked[name]["action"] == "blocked"
        assert names_all(str(blocked[name]["reason"]["ids"]), ids)
        reported = [str(one["reason"]) for one in outcomes if one["object"]["display_name"] == name]
        if switches == AT_ONCE:
            assert any(names_all(error, ids) for error in reported), "the later run has seen both"


@pytest.mark.parametrize(("head_start", "switches"), RACES)
def test_a_race_of_updates_ends_as_declared(
    reconciler: CommandLine, head_start: int, switches: list[str]
) -> None:
    full = [catalog(name, catalog_id, bodies(name)) for name, catalog_id in CATALOGS.items()]
    reconciler.seed(*full, switches=switches)
    before = {item["id"]: item["displayName"] for item in reconciler.live()}
    declare_all(description="new")
    runs = race(head_start)
    reconciler.catch_up()
    assert {run.code for run in runs} <= {0, 5, 6}
    live = reconciler.live()
    assert {item["id"]: item["displayName"] for item in live} == before
    assert {item["description"] for item in live} == {"new"}
    assert reconciler("plan", "--sandbox", "--detailed-exitcode").code == 0
