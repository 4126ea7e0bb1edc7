"""A signal: no new write begins, what is in flight is awaited for a while, and every change gets
its outcome.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import Tenant, catalog, declare, extension, tenant
from objects import KINDS, explained

from reconciler.apply.run import Run, apply_plan
from reconciler.apply.stop import Stop
from reconciler.model.plan import Outcome

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def stopped(folder: Path, names: str, stop: Stop, *faults: Any) -> tuple[list[Outcome], list[str]]:
    """Applies creates of these names, with whatever the faults do to the stop: the outcomes, and
    the live names.
    """

    async def story() -> tuple[list[Outcome], list[str]]:
        declare(
            folder / "desired",
            {"catalog": "Marketing", "extensions": [extension(name) for name in names]},
        )
        async with tenant(folder, catalog(), faults=faults) as held:
            plan = await held.plan(folder / "desired")
            outcomes = await apply_plan(plan, Run(held.graph, KINDS, held.sleep, stop))
            return list(outcomes), [item["displayName"] for item in held.store.extensions()]

    return asyncio.run(story())


def on_post(fault: Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]) -> Any:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await (fault(request, handler) if request.method == "POST" else handler(request))

    return middleware


def test_what_is_in_flight_is_finished_and_nothing_more_begins(tmp_path: Path) -> None:
    stop = Stop()

    async def interrupt(request: web.Request, handler: Handler) -> web.StreamResponse:
        stop.request()
        return await handler(request)

    outcomes, live = stopped(tmp_path, "abc", stop, on_post(interrupt))
    assert [outcome.status for outcome in outcomes] == ["done", "skipped", "skipped"]
    assert live == ["a"]
    assert explained(outcomes[1]) == "the run was interrupted before this change"


def test_a_signal_between_the_pre_check_and_the_write_keeps_the_write_back(tmp_path: Path) -> None:
    stop = Stop()

    @web.middleware
    async def interrupt(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        reads.append(request.path)
        if len(reads) == 3:  # catalogs, extensions, and the pre-check
            stop.request()
        return answer

    reads: list[str] = []
    (outcome,), live = stopped(tmp_path, "a", stop, interrupt)
    assert outcome.status == "skipped", explained(outcome)
    assert live == []
    assert len(reads) == 3


def test_a_write_that_was_refused_for_now_is_not_sent_again_after_the_signal(
    tmp_path: Path,
) -> None:
    stop = Stop()
    posts = []

    async def throttled(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        stop.request()
        return web.Response(status=429, headers={"Retry-After": "200"})

    (outcome,), live = stopped(tmp_path, "a", stop, on_post(throttled))
    assert outcome.status == "skipped", explained(outcome)
    assert live == []
    assert len(posts) == 1


def test_a_create_whose_answer_was_lost_is_not_created_again_after_the_signal(
    tmp_path: Path,
) -> None:
    stop = Stop()
    posts = []

    async def lost(request: web.Request, handler: Handler) -> web.StreamResponse:
        posts.append(request.path)
        stop.request()
        return web.Response(status=500)

    (outcome,), live = stopped(tmp_path, "a", stop, on_post(lost))
    assert outcome.status == "unknown", explained(outcome)
    assert live == []
    assert len(posts) == 1
    assert 'Check "a" in catalog Marketing in the admin center' in str(explained(outcome))


@pytest.mark.parametrize("signals", [1, 2])
def test_what_hangs_is_cut_off_after_the_grace_or_at_the_second_signal_and_reported_as_unknown(
    signals: int, tmp_path: Path
) -> None:
    stop = Stop(grace_s=0.0 if signals == 1 else 3600.0)
    hanging: list[asyncio.Event] = []

    async def hangs(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        hanging.append(asyncio.Event())
        for _ in range(signals):
            stop.request()
        await hanging[0].wait()
        return answer

    outcomes, live = stopped(tmp_path, "ab", stop, on_post(hangs))
    assert [outcome.status for outcome in outcomes] == ["unknown", "skipped"]
    assert live == ["a"]
    assert "interrupted before this change was confirmed" in str(explained(outcomes[0]))


def test_a_second_signal_cancels_a_pre_check_too_and_nothing_was_written(tmp_path: Path) -> None:
    stop = Stop()
    reads: list[str] = []

    @web.middleware
    async def hangs(request: web.Request, handler: Handler) -> web.StreamResponse:
        reads.append(request.path)
        if len(reads) == 3:
            stop.request()
            stop.request()
            await asyncio.Event().wait()
        return await handler(request)

    outcomes, live = stopped(tmp_path, "ab", stop, hangs)
    assert [outcome.status for outcome in outcomes] == ["skipped", "skipped"]
    assert live == []


def test_a_hanging_read_back_is_unknown_and_names_the_new_id(tmp_path: Path) -> None:
    stop = Stop()
    written: list[str] = []

    @web.middleware
    async def hangs(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST":
            written.append(request.path)
        elif written:
            stop.request()
            stop.request()
            await asyncio.Event().wait()
        return await handler(request)

    async def story() -> tuple[Outcome, Tenant]:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(tmp_path, catalog(), faults=[hangs]) as held:
            plan = await held.plan(tmp_path / "desired")
            (outcome,) = await apply_plan(plan, Run(held.graph, KINDS, held.sleep, stop))
            assert held.store.extensions()[0]["id"] in str(explained(outcome))
            return outcome, held

    outcome, _ = asyncio.run(story())
    assert outcome.status == "unknown"
    assert outcome.request_id


CATALOGS = 20
"""More than there may be requests in flight."""


def in_many_catalogs(folder: Path, stop: Stop, *faults: Any) -> list[Outcome]:
    """The outcomes of one create in each of many catalogs."""

    async def story() -> list[Outcome]:
        names = [f"c{number:02}" for number in range(CATALOGS)]
        documents = [{"catalog": name, "extensions": [extension("a")]} for name in names]
        declare(folder / "desired", *documents)
        ids = [f"32efb28c-9a7a-446c-986b-ca6528c66{number:03}" for number in range(CATALOGS)]
        seeded = [catalog(name, number) for name, number in zip(names, ids, strict=True)]
        async with tenant(folder, *seeded, faults=faults) as held:
            plan = await held.plan(folder / "desired")
            return list(await apply_plan(plan, Run(held.graph, KINDS, held.sleep, stop)))

    return asyncio.run(story())


def test_after_the_signal_nothing_is_checked_for_changes_that_have_not_begun(
    tmp_path: Path,
) -> None:
    stop = Stop()
    read_after: list[str] = []

    @web.middleware
    async def interrupt(request: web.Request, handler: Handler) -> web.StreamResponse:
        if stop.requested and request.method == "GET":
            read_after.append(request.path)
        if request.method == "POST" and not stop.requested:
            stop.request()
        return await handler(request)

    outcomes = in_many_catalogs(tmp_path, stop, interrupt)
    done = [outcome for outcome in outcomes if outcome.status == "done"]
    assert len(outcomes) - len(done) >= CATALOGS - 8, "at most as many as requests in flight"
    assert {outcome.status for outcome in outcomes} == {"done", "skipped"}
    assert len(read_after) <= 8 + len(done)


def test_after_a_rejected_token_changes_that_have_not_begun_are_skipped(tmp_path: Path) -> None:
    posted: list[str] = []

    @web.middleware
    async def rejected(request: web.Request, handler: Handler) -> web.StreamResponse:
        posted.extend([request.path] if request.method == "POST" else [])
        return web.Response(status=401) if posted else await handler(request)

    outcomes = in_many_catalogs(tmp_path, Stop(), rejected)
    skipped = [outcome for outcome in outcomes if outcome.status == "skipped"]
    assert len(skipped) >= CATALOGS - 8
    assert explained(skipped[0]) == "the access token was rejected earlier in this run"
