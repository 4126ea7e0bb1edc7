"""What is created in a catalog that the same run has created: Graph possibly does not show that
yet, and does not let its creator in.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from harness import MARKETING, Json, Tenant, catalog, declare, extension, tenant
from objects import explained

from reconciler.app.kinds import KINDS
from reconciler.apply.read_back import POLL_WAITS_S
from reconciler.apply.run import Run, apply_plan
from reconciler.model.plan import Outcome

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[web.Request, int], int]
"""The status of the n-th request for what is in the new catalog; 0: as the sandbox answers."""


def applied(
    folder: Path, answer: Answer = lambda _request, _number: 0, *switches: str
) -> tuple[dict[str, Outcome], list[str], list[float], list[Json]]:
    """The outcomes of a new catalog with two extensions, and of an update elsewhere; the requests
    for what is in the new catalog; the waits; what is in it at the end.
    """
    seen: list[str] = []

    @web.middleware
    async def inside(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not re.search(r"/catalogs/(?!32efb28c)[^/]+/customWorkflow", request.path):
            return await handler(request)
        seen.append(request.method)
        status = answer(request, len(seen))
        if not status:
            return await handler(request)
        body = {"error": {"code": "Planned", "message": "a planned fault"}}
        return web.json_response(body, status=status)

    declare(
        folder / "desired",
        {"catalog": {"displayName": "New"}, "extensions": [extension("a"), extension("b")]},
        {"catalog": "Marketing", "extensions": [extension("old", description="new")]},
    )

    async def story() -> tuple[dict[str, Outcome], list[float], list[Json]]:
        before = catalog(extensions=[{"id": MARKETING, **extension("old")}])
        async with tenant(folder, before, faults=[inside], switches=switches) as held:
            outcomes = await held.apply(await held.plan(folder / "desired"))
            return {str(each.change.object): each for each in outcomes}, held.waits, new_in(held)

    outcomes, waits, live = asyncio.run(story())
    assert outcomes["old"].status == "done"
    return outcomes, seen, waits, live


def new_in(held: Tenant) -> list[Json]:
    (new,) = (each for each in held.store.catalogs() if each["displayName"] == "New")
    return held.store.extensions(new["id"])


def words(outcomes: dict[str, Outcome]) -> dict[str, str]:
    """The status, and the reason if there is one."""
    return {
        name: f"{each.status} {each.reason.code}" if each.reason else each.status
        for name, each in outcomes.items()
    }


def test_what_is_in_it_waits_until_reads_return_it(tmp_path: Path) -> None:
    outcomes, _, _, live = applied(tmp_path, lambda *_: 0, "lag_reads=3")
    assert words(outcomes) == {"New": "done", "a": "done", "b": "done", "old": "done"}
    assert [each["displayName"] for each in live] == ["a", "b"]


@pytest.mark.parametrize(
    ("refused", "sent"),
    [
        ({1, 2, 4}, ["GET", "GET", "GET", "POST"]),
        ({2, 4}, ["GET", "POST", "GET", "POST"]),
    ],
)
def test_a_404_in_it_is_lag(refused: set[int], sent: list[str], tmp_path: Path) -> None:
    """Also after reads have returned the catalog: another server may answer."""
    outcomes, seen, _, live = applied(tmp_path, lambda _, number: 404 * (number in refused))
    assert words(outcomes) == {"New": "done", "a": "done", "b": "done", "old": "done"}
    assert [each["displayName"] for each in live] == ["a", "b"]
    assert seen[:4] == sent


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_after_a_minute_a_404_is_a_failure_that_says_so(method: str, tmp_path: Path) -> None:
    outcomes, seen, waits, live = applied(
        tmp_path, lambda request, _: 404 if request.method == method else 0
    )
    assert words(outcomes) == {
        "New": "done",
        "a": "failed parent_not_shown_yet",
        "b": "failed parent_not_shown_yet",
        "old": "done",
    }
    assert "HTTP 404" in explained(outcomes["a"])
    assert explained(outcomes["a"]).endswith(
        "The catalog was created in this run, and reads do not return it yet (replication delay);"
        " wait a minute, then run apply again."
    )
    assert live == []
    assert seen.count(method) == 2 * (len(POLL_WAITS_S) + 1)
    assert sum(waits) >= 2 * sum(POLL_WAITS_S)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_role_in_it_everything_in_it_fails(method: str, tmp_path: Path) -> None:
    outcomes, seen, _, live = applied(
        tmp_path, lambda request, _: 403 if request.method == method else 0
    )
    assert words(outcomes) == {
        "New": "done",
        "a": "failed no_role_in_new_catalog",
        "b": "failed no_role_in_new_catalog",
        "old": "done",
    }
    assert "HTTP 403" in explained(outcomes["a"])
    assert "assign it the role Catalog owner there" in explained(outcomes["a"])
    assert (live, seen.count(method)) == ([], 2)


@pytest.mark.parametrize("status", [400, 408, 409, 500, 503])
def test_any_other_failure_of_the_pre_check_in_it_writes_nothing(
    status: int, tmp_path: Path
) -> None:
    outcomes, seen, _, live = applied(tmp_path, lambda _request, _number: status)
    assert words(outcomes) == {
        "New": "done",
        "a": "failed check_failed",
        "b": "failed check_failed",
        "old": "done",
    }
    assert (set(seen), live) == ({"GET"}, [])


def test_a_404_of_the_read_back_in_it_is_lag_too(tmp_path: Path) -> None:
    def after_the_first_post(request: web.Request, number: int) -> int:
        return 404 if request.method == "GET" and 2 < number < 8 else 0

    outcomes, seen, _, live = applied(tmp_path, after_the_first_post)
    assert words(outcomes) == {"New": "done", "a": "done", "b": "done", "old": "done"}
    assert [each["displayName"] for each in live] == ["a", "b"]
    assert seen.count("POST") == 2


@pytest.mark.parametrize(
    ("method", "status", "code"),
    [
        ("GET", 404, "check_failed"),
        ("GET", 403, "check_failed"),
        ("POST", 404, "refused"),
        ("POST", 403, "refused_forbidden"),
    ],
)
def test_in_a_catalog_that_was_there_before_neither_is_excused(
    method: str, status: int, code: str, tmp_path: Path
) -> None:
    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if planned and request.method == method:
            return web.json_response({"error": {"code": "No", "message": "no"}}, status=status)
        return await handler(request)

    planned = False
    declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})

    async def story() -> tuple[Outcome, list[float]]:
        nonlocal planned
        async with tenant(tmp_path, catalog(), faults=[refusing]) as held:
            plan = await held.plan(tmp_path / "desired")
            planned = True
            (outcome,) = await held.apply(plan)
            return outcome, held.waits

    outcome, waits = asyncio.run(story())
    assert (words({"a": outcome}), waits) == ({"a": f"failed {code}"}, [])


def test_a_run_that_must_end_waits_no_longer(tmp_path: Path) -> None:
    """The pause is before the next check, which no run makes that must end."""
    declare(
        tmp_path / "desired",
        {"catalog": {"displayName": "New"}, "extensions": [extension("a"), extension("b")]},
    )

    async def story() -> list[Outcome]:
        async with tenant(tmp_path, catalog(), switches=["lag_reads=1"]) as held:
            plan = await held.plan(tmp_path / "desired")

            async def stopping(wait_s: float) -> None:
                if held.store.extensions():
                    run.stop.request()
                await held.sleep(wait_s)

            run = Run(held.graph, KINDS, stopping)
            return list(await apply_plan(plan, run))

    catalog_outcome, first, second = asyncio.run(story())
    assert catalog_outcome.status == "done"
    assert first.status in ("done", "unknown")
    assert second.reason is not None and second.reason.code == "interrupted"
