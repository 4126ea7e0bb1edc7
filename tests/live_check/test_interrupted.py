"""What a live check keeps of requests that are in flight when it is interrupted, and what it
concludes from reads that lag or fail.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from checks import NAME, TARGET, checked, new_catalog, opened, own_names
from harness import catalog, extension, tenant

from reconciler.live_check import bodies, policies, requests
from reconciler.live_check.check import Removal, Run, Stop, check, removed, trial_of
from reconciler.live_check.guard import OwnObjects
from reconciler.live_check.journal import open_journal
from reconciler.live_check.owned import OwnObject
from reconciler.live_check.probes.policy_reading import PROBE as POLICY_READING
from reconciler.model.live_facts import Left
from reconciler.sandbox.errors import GraphError

EXTENSION_ID = "dddddddd-0000-4000-8000-000000000001"


class Deletes:
    """The DELETEs that reach a Graph, which answers as `change` says."""

    def __init__(
        self, change: Callable[[web.Request, Handler], Awaitable[web.StreamResponse]] | None = None
    ) -> None:
        self._change = change
        self.sent: list[str] = []

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer."""
        self.sent += [request.path] if request.method == "DELETE" else []
        return await (self._change(request, handler) if self._change else handler(request))


@pytest.mark.parametrize("at_write", [1, 2, 6, pytest.param(25, marks=pytest.mark.thorough)])
def test_a_create_in_flight_is_finished_and_recorded(at_write: int, tmp_path: Path) -> None:
    journal, stop, created = tmp_path / "live-check.jsonl", Stop(), Counter[str]()

    @web.middleware
    async def interrupt(request: web.Request, handler: Handler) -> web.StreamResponse:
        created["writes"] += request.method != "GET"
        if request.method != "GET" and created["writes"] == at_write:
            stop.request()
            for _ in range(5):
                await asyncio.sleep(0)
        answer = await handler(request)
        created["created"] += answer.status == 201
        return answer

    async def run() -> Run:
        async with (
            tenant(tmp_path, faults=[interrupt]) as held,
            opened(held, journal) as trial,
        ):
            run = Run(trial, stop)
            await check(run)
            assert own_names(held.store) == []
            return run

    done = asyncio.run(run())
    events = Counter(json.loads(line)["event"] for line in journal.read_text().splitlines())
    assert events["created"] == created["created"] > 0
    assert (done.left, done.error) == ((), None)
    assert done.results[-1].not_tried == "the run was interrupted before"


def test_a_list_that_lags_is_polled(tmp_path: Path) -> None:
    lists: Counter[str] = Counter()

    @web.middleware
    async def lag(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "GET" and request.path.endswith(("Policies", "accessPackages")):
            lists[request.path] += 1
            if lists[request.path] <= 2:
                return web.json_response({"value": []})
        return answer

    done = asyncio.run(checked(tmp_path, faults=[lag], probes=[POLICY_READING]))
    assert (done.values["policies_listed"], done.values["packages_listed"]) == ("complete",) * 2
    assert len(lists) == 2


def past_run(journal: Path) -> None:
    """A run that was killed after its first create had left."""
    with open_journal(journal) as kept:
        kept.begin(NAME, TARGET)
        kept.creating(NAME, "catalog", NAME)


@pytest.mark.parametrize("status", [None, 403, 500])
def test_a_catalog_is_absent_only_if_a_search_was_answered(
    status: int | None, tmp_path: Path
) -> None:
    journal = tmp_path / "live-check.jsonl"
    past_run(journal)

    @web.middleware
    async def failing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if status is not None and request.path.endswith("/catalogs"):
            raise GraphError(status, "Injected", "The test refuses this.")
        return await handler(request)

    async def clean() -> tuple[Left, ...]:
        async with tenant(tmp_path, faults=[failing]) as held:
            with open_journal(journal) as kept:
                trial = trial_of(held.graph, kept, kept.runs[NAME])
                with held.graph.writes_guarded(OwnObjects(trial.owned)):
                    return (await removed(trial, Stop(), of_earlier_run=True)).left

    left = asyncio.run(clean())
    with open_journal(journal) as kept:
        assert kept.runs[NAME].has_left == (status is not None)
    assert [(each.kind, each.name, each.id) for each in left] == (
        [("catalog", NAME, None)] if status is not None else []
    )


@pytest.mark.parametrize("known", [0, 1])
def test_a_catalog_whose_create_was_lost_is_searched_for_a_while(
    known: int, tmp_path: Path
) -> None:
    """Also beside one of the same name, which is known."""
    sent: Counter[str] = Counter()
    first: list[str] = []

    @web.middleware
    async def lagging(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if not request.path.endswith("/catalogs"):
            return answer
        assert isinstance(answer, web.Response)
        body, sent[request.method] = json.loads(answer.text or ""), sent[request.method] + 1
        if request.method == "POST" and sent["POST"] > known:
            raise GraphError(500, "Injected", "The test refuses this.")
        if request.method == "POST":
            first.append(body["id"])
        elif sent["GET"] <= 4:
            shown = [each for each in body["value"] if each["id"] in first]
            return web.json_response({"value": shown})
        return answer

    async def run() -> tuple[tuple[Left, ...], list[str]]:
        async with (
            tenant(tmp_path, faults=[lagging]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            for _ in range(known + 1):
                await trial.create("catalog", bodies.catalog(NAME))
            return (await removed(trial, Stop())).left, own_names(held.store)

    assert asyncio.run(run()) == ((), [])


@pytest.mark.parametrize("hidden", ["packages_of_catalog=404", "packages_listed=403"])
def test_an_access_package_whose_create_was_lost_is_found_in_either_way(
    hidden: str, tmp_path: Path
) -> None:
    @web.middleware
    async def losing(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.method == "POST" and request.path.endswith("/accessPackages"):
            raise GraphError(500, "Injected", "The test refuses this.")
        return answer

    async def run() -> tuple[tuple[Left, ...], list[str]]:
        async with (
            tenant(tmp_path, switches=(hidden,), faults=[losing]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            body = bodies.access_package(f"{NAME}-p1-1", trial.catalog.id)
            await trial.create("access_package", body, trial.catalog)
            return (await removed(trial, Stop())).left, own_names(held.store)

    assert asyncio.run(run()) == ((), [])


@pytest.mark.parametrize("name", ["by somebody", f"{NAME}0", NAME.upper()])
def test_what_holds_an_object_of_somebody_else_is_not_removed(name: str, tmp_path: Path) -> None:
    """Graph might remove with an access package what is in it; a name that merely begins with that
    of the run is not own.
    """

    deletes = Deletes()

    async def left() -> tuple[tuple[Left, ...], list[str]]:
        async with (
            tenant(tmp_path, faults=[deletes.meet]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            package = await trial.new_package("shared")
            foreign = requests.create(held.graph, "policy", bodies.policy(name, package.id))
            assert (await trial.exchanges.send(foreign)).accepted
            removal = await removed(trial, Stop())
            names = [row.document["displayName"] for row in held.store.rows("policy")]
        return removal.left, names

    lefts, names = asyncio.run(left())
    why = "it contains objects that no live check has created"
    assert [(each.kind, each.reason) for each in lefts] == [
        ("access_package", why),
        ("catalog", why),
    ]
    assert (names, deletes.sent) == ([name], [])


def test_what_a_listing_shows_as_renamed_is_not_deleted_if_its_own_read_fails(
    tmp_path: Path,
) -> None:
    """That a read has shown it as own before does not count then."""

    async def renamed(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.rpartition("/")[2] in own_ids:
            raise GraphError(500, "Injected", "The test refuses this.")
        answer = await handler(request)
        if not own_ids or not request.path.endswith("/customWorkflowExtensions"):
            return answer
        assert isinstance(answer, web.Response)
        body = json.loads(answer.text or "{}")
        items = [{**each, "displayName": "theirs"} for each in body["value"]]
        return web.json_response({**body, "value": items})

    own_ids: list[str] = []
    deletes = Deletes(renamed)

    async def left() -> tuple[Left, ...]:
        async with (
            tenant(tmp_path, faults=[deletes.meet]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            own, _ = await trial.extension("p1")
            own_ids.append(own.id)
            return (await removed(trial, Stop())).left

    assert [each.kind for each in asyncio.run(left())] == ["extension", "catalog"]
    assert deletes.sent == []


def test_a_catalog_whose_content_can_be_read_again_is_removed(tmp_path: Path) -> None:
    failing = ["the first read, whose retries fail too"] * 3

    async def at_first(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.endswith("/customWorkflowExtensions") and failing:
            failing.pop()
            raise GraphError(500, "Injected", "The test refuses this.")
        return await handler(request)

    async def left() -> tuple[Left, ...]:
        async with (
            tenant(tmp_path, faults=[Deletes(at_first).meet]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            return (await removed(trial, Stop())).left

    assert (asyncio.run(left()), failing) == ((), [])


@pytest.mark.parametrize("status", [403, 500])
def test_a_catalog_whose_content_cannot_be_read_is_not_removed(status: int, tmp_path: Path) -> None:
    """Others may have put something there, and this Graph would delete that too."""

    @web.middleware
    async def hiding(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "GET" and request.path.endswith("/customWorkflowExtensions"):
            raise GraphError(status, "Injected", "The test refuses this.")
        return await handler(request)

    async def clean() -> tuple[Left, ...]:
        seeded = catalog(NAME, extensions=[extension("of somebody")])
        switches = ("delete_catalog_with_extensions=accept",)
        async with (
            tenant(tmp_path, seeded, switches=switches, faults=[hiding]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.owned.add(OwnObject("catalog", seeded["id"], NAME))
            left = (await removed(trial, Stop())).left
            assert [each["displayName"] for each in held.store.extensions()] == ["of somebody"]
            return left

    why = "whether it contains objects of others cannot be read"
    assert [(each.kind, each.reason) for each in asyncio.run(clean())] == [("catalog", why)]


@pytest.mark.parametrize("renamed", ["catalog", "extension"])
def test_an_own_object_that_somebody_has_renamed_is_not_removed(
    renamed: str, tmp_path: Path
) -> None:
    """Even where a journal names its id."""
    inside = {**extension("theirs" if renamed == "extension" else NAME), "id": EXTENSION_ID}
    seeded = catalog("Marketing" if renamed == "catalog" else NAME, extensions=[inside])

    async def clean() -> tuple[Left, ...]:
        async with (
            tenant(tmp_path, seeded) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.owned.add(OwnObject("catalog", seeded["id"], NAME))
            trial.owned.add(OwnObject("extension", EXTENSION_ID, f"{NAME}-p2-1", seeded["id"]))
            left = (await removed(trial, Stop())).left
            assert len(held.store.catalogs()) == 1
            assert len(held.store.extensions()) == (renamed == "extension")
            return left

    left = asyncio.run(clean())
    assert all(each.is_kept for each in left)
    why = "reads show its id under another name, so it may be somebody's"
    assert (left[0].kind, left[0].reason) == (renamed, why)


def test_an_object_is_read_before_its_deletion(tmp_path: Path) -> None:
    """Somebody has renamed it since the last read, and no listing shows it."""
    switches = ("policies_of_package=403", "policies_listed=403")

    async def clean() -> list[tuple[str, bool]]:
        async with (
            tenant(tmp_path, switches=switches) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            trial.package = await trial.new_package("shared")
            await trial.policy("shared")
            [row] = held.store.rows("policy")
            held.store.change("policy", row, {**row.document, "displayName": "theirs"})
            removal = await removed(trial, Stop())
            assert [row.deleted for row in held.store.rows("policy")] == [False]
            return [(each.kind, each.is_kept) for each in removal.left]

    assert asyncio.run(clean()) == [("policy", True), ("access_package", True), ("catalog", True)]


@pytest.mark.parametrize("has_package", [True, False])
def test_a_policy_that_cannot_be_deleted_calls_nothing_afterwards(
    has_package: bool, tmp_path: Path
) -> None:
    """So its extension can be. Without its package the guard would refuse that write."""

    @web.middleware
    async def keeping(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "DELETE" and "/assignmentPolicies/" in request.path:
            raise GraphError(403, "Injected", "The test refuses this.")
        return await handler(request)

    async def clean() -> tuple[Removal, int]:
        async with (
            tenant(tmp_path, faults=[keeping]) as held,
            opened(held, tmp_path / "live-check.jsonl") as trial,
        ):
            trial.catalog = await new_catalog(trial)
            trial.package = await trial.new_package("shared")
            await policies.bound(trial, "p11")
            if not has_package:
                trial.owned.remove(trial.package)
            return await removed(trial, Stop()), len(held.store.extensions())

    removal, extensions = asyncio.run(clean())
    assert (removal.error, extensions) == (None, 0 if has_package else 1)
    assert removal.left[0].reason == "its deletion failed (HTTP 403 Injected)"
