"""How often a catalog is read while it is written to: before every write, after it, and never once
more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import MARKETING, Tenant, catalog, declare, extension, tenant
from objects import KINDS, explained

from reconciler.apply.stale import refuse_if_stale
from reconciler.errors import StalePlanError
from reconciler.model.plan import Outcome

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OWN = MARKETING[:-1] + "0"
OTHER = MARKETING[:-1] + "1"


def requests_of(
    folder: Path,
    *wanted: Any,
    live: tuple[Any, ...] = (),
    refuse: str = "",
    status: int = 400,
    switches: tuple[str, ...] = (),
    before_the_write: Callable[[Tenant, int], None] = lambda _held, _number: None,
) -> tuple[list[str], list[Outcome]]:
    """The requests of an apply in one catalog, in order, and its outcomes; a POST of the name
    `refuse` gets this status.
    """
    seen: list[str] = []
    held: Tenant

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        whole = request.path.endswith("customWorkflowExtensions")
        seen.append(
            f"{request.method} {'all' if whole else 'one'}"
            if request.method == "GET"
            else request.method
        )
        if request.method == "POST":
            before_the_write(held, seen.count("POST"))
            if refuse and refuse in (await request.text()):
                return web.json_response(
                    {"error": {"code": "InvalidModel", "message": "no"}}, status=status
                )
        return await handler(request)

    async def story() -> list[Outcome]:
        nonlocal held
        declare(folder / "desired", {"catalog": "Marketing", "extensions": list(wanted)})
        async with tenant(
            folder, catalog(extensions=live), switches=switches, faults=[note]
        ) as held:
            plan = await held.plan(folder / "desired")
            seen.clear()
            return list(await held.apply(plan))

    outcomes = asyncio.run(story())
    return seen, outcomes


def test_a_look_after_a_create_is_the_look_before_the_next(tmp_path: Path) -> None:
    seen, outcomes = requests_of(tmp_path, *(extension(name) for name in "abc"))
    assert [one.status for one in outcomes] == ["done"] * 3
    assert seen == ["GET all", *["POST", "GET all"] * 3]


def test_after_a_refused_create_the_next_one_looks_for_itself(tmp_path: Path) -> None:
    seen, outcomes = requests_of(
        tmp_path, *(extension(name) for name in ("a", "refused", "z")), refuse="refused"
    )
    assert [one.status for one in outcomes] == ["done", "failed", "done"]
    assert seen == ["GET all", "POST", "GET all", "POST", "GET all", "POST", "GET all"]


def test_a_look_is_the_look_before_one_attempt_only(tmp_path: Path) -> None:
    """Someone takes the second name while Graph rejects the token."""

    def someone_creates(held: Tenant, number: int) -> None:
        if number == 2:
            held.store.add("extension", {"id": OTHER, **extension("b")}, MARKETING)

    seen, outcomes = requests_of(
        tmp_path,
        extension("a"),
        extension("b"),
        refuse='"b"',
        status=401,
        before_the_write=someone_creates,
    )
    assert [(one.status, one.stale) for one in outcomes] == [("done", False), ("failed", True)]
    assert seen == ["GET all", "POST", "GET all", "POST", "GET all"]


def test_a_create_that_shows_late_is_looked_for_until_it_shows_and_no_more(tmp_path: Path) -> None:
    seen, outcomes = requests_of(
        tmp_path, extension("a"), extension("b"), switches=("lag_reads=2",)
    )
    assert [one.status for one in outcomes] == ["done", "done"]
    assert seen == ["GET all", *["POST", *["GET all"] * 3] * 2]


def test_before_the_second_timeout_name_the_new_extension_alone_is_looked_at(
    tmp_path: Path,
) -> None:
    timed = extension("a", callbackConfiguration={"timeoutDuration": "PT2H"})
    switches = ("timeout_accept=durationBeforeTimeout", "timeout_other=ignore")
    seen, (outcome,) = requests_of(tmp_path, timed, switches=switches)
    assert outcome.status == "done", explained(outcome)
    update = seen.index("PUT")
    assert seen[update - 1 :] == ["GET one", "PUT", "GET all"]


@pytest.mark.parametrize("name", ["a", "z"])
def test_an_update_looks_at_its_own_extension_on_either_side_of_a_create(
    tmp_path: Path, name: str
) -> None:
    live = ({"id": OWN, **extension(name)},)
    seen, outcomes = requests_of(
        tmp_path, extension("m"), extension(name, description="new"), live=live
    )
    assert [one.status for one in outcomes] == ["done", "done"]
    update, create = ["GET one", "PUT", "GET one"], ["GET all", "POST", "GET all"]
    assert seen == (update + create if name == "a" else create + update)


def test_a_name_used_before_the_last_pre_check_is_not_created_again(tmp_path: Path) -> None:
    def someone_creates(held: Tenant, number: int) -> None:
        if number == 1:
            held.store.add("extension", {"id": OTHER, **extension("b")}, MARKETING)

    seen, outcomes = requests_of(
        tmp_path, extension("a"), extension("b"), before_the_write=someone_creates
    )
    assert [(one.status, one.stale) for one in outcomes] == [("done", False), ("failed", True)]
    assert OTHER in str(explained(outcomes[1]))
    assert seen == ["GET all", "POST", "GET all"]


def test_what_one_catalog_showed_is_not_taken_for_another(tmp_path: Path) -> None:
    """Two catalogs side by side, each with its own first pre-check."""
    seen: list[str] = []
    second = MARKETING[:-1] + "7"

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        where = "Finance" if second in request.path else "Marketing"
        seen.append(f"{where} {request.method}")
        return await handler(request)

    async def story() -> None:
        documents = [
            {"catalog": one, "extensions": [extension("a"), extension("b")]}
            for one in ("Marketing", "Finance")
        ]
        declare(tmp_path / "desired", *documents)
        async with tenant(tmp_path, catalog(), catalog("Finance", second), faults=[note]) as held:
            plan = await held.plan(tmp_path / "desired")
            seen.clear()
            assert [one.status for one in await held.apply(plan)] == ["done"] * 4

    asyncio.run(story())
    for name in ("Marketing", "Finance"):
        verbs = [one.partition(" ")[2] for one in seen if one.startswith(name)]
        assert verbs == ["GET", "POST", "GET", "POST", "GET"]


def test_no_more_catalogs_are_written_to_at_once_than_requests_may_be_in_flight(
    tmp_path: Path,
) -> None:
    # Otherwise each read-back would wait behind the writes of all other catalogs, and be too old to
    # be the check of the next create.
    names = [f"c{number:02}" for number in range(20)]
    ids = [f"{MARKETING[:-2]}{number:02}" for number in range(20)]
    written: list[str] = []

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        written.extend(live_id for live_id in ids if f"/{live_id}/" in request.path)
        return await handler(request)

    async def story() -> int:
        documents = [
            {"catalog": name, "extensions": [extension("a"), extension("b")]} for name in names
        ]
        declare(tmp_path / "desired", *documents)
        seeded = [catalog(name, live_id) for name, live_id in zip(names, ids, strict=True)]
        async with tenant(tmp_path, *seeded, faults=[note]) as held:
            plan = await held.plan(tmp_path / "desired")
            written.clear()
            assert {outcome.status for outcome in await held.apply(plan)} == {"done"}
            return held.graph.limits.concurrency

    concurrency = asyncio.run(story())
    assert len(written) == 20 * 5, (
        "for each catalog one check, and a write and a read-back for each"
    )
    for position in range(len(written)):
        begun = set(written[: position + 1])
        assert len(begun & set(written[position:])) <= concurrency


def test_after_an_update_the_next_create_looks_for_itself(tmp_path: Path) -> None:
    live = ({"id": OWN, **extension("m")},)
    wanted = [extension("a"), extension("m", description="new"), extension("z")]
    seen, outcomes = requests_of(tmp_path, *wanted, live=live)
    assert [one.status for one in outcomes] == ["done"] * 3
    create, update = ["GET all", "POST", "GET all"], ["GET one", "PUT", "GET one"]
    assert seen == create + update + create


def test_a_blocked_change_is_skipped_without_a_request(tmp_path: Path) -> None:
    live = ({"id": OWN, **extension("a")}, {"id": OTHER, **extension("A")})
    seen, (outcome,) = requests_of(tmp_path, extension("a"), live=live)
    assert (outcome.status, seen) == ("skipped", [])
    assert outcome.reason == outcome.change.reason


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_saved_plan_that_cannot_be_checked_is_refused(status: int, tmp_path: Path) -> None:
    unreadable = False

    @web.middleware
    async def fault(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=status) if unreadable else await handler(request)

    async def story() -> None:
        nonlocal unreadable
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(tmp_path, catalog(), faults=[fault]) as held:
            plan = await held.plan(tmp_path / "desired")
            await refuse_if_stale(plan, held.graph, KINDS)
            unreadable = True
            with pytest.raises(StalePlanError, match="could not be read"):
                await refuse_if_stale(plan, held.graph, KINDS)

    asyncio.run(story())


def test_a_saved_plan_is_checked_in_each_of_its_catalogs(tmp_path: Path) -> None:
    other = MARKETING[:-2] + "99"

    async def story() -> None:
        documents = [
            {"catalog": name, "extensions": [extension("a")]} for name in ("Marketing", "Sales")
        ]
        declare(tmp_path / "desired", *documents)
        async with tenant(tmp_path, catalog(), catalog("Sales", other)) as held:
            plan = await held.plan(tmp_path / "desired")
            await refuse_if_stale(plan, held.graph, KINDS)
            held.store.add("extension", {"id": OTHER, **extension("A")}, other)
            with pytest.raises(StalePlanError) as caught:
                await refuse_if_stale(plan, held.graph, KINDS)
            assert "Sales" in str(caught.value)
            assert "Marketing" not in str(caught.value)

    asyncio.run(story())
