"""Reading while files are being loaded: no other requests, no other result, and only for what
valid files name.
"""

import asyncio
from pathlib import Path

import pytest
from harness import CommandLine, declare
from objects import KINDS, PLACE, catalog_ref

from reconciler.app.ahead import ENOUGH, Ahead, while_loading
from reconciler.app.kinds import document_format
from reconciler.app.observe import observe
from reconciler.errors import AuthenticationError, ServiceUnansweredError
from reconciler.loader import LoadedState, Loading
from reconciler.model.objects import DesiredScope, ObjectRef, ObservedScope
from tests.app.test_look_ups import graph_with, wanted
from tests.graph.graph_clients import graph_at
from tests.graph.scripted import Reply, scripted

pytestmark = pytest.mark.usefixtures("sockets_closed")

NAMES = [f"Catalog {number:02}" for number in range(2 * ENOUGH + 5)]
UNKNOWN_PROPERTY = {"catalog": "Sales", "extension": []}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a valid file for each name."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        declare(tmp_path, {"catalog": name, "extensions": []}, name=f"{name}.yaml")
    return tmp_path


def loading(folder: Path) -> Loading:
    return Loading([folder], document_format())


def read_with(ahead: Ahead, *refs: ObjectRef, script, added=()) -> tuple[list, list, list]:
    """What is observed, what each look-up names, and how often progress was reported."""
    advanced: list[None] = []

    async def run() -> tuple[list[ObservedScope], list[list[str]]]:
        async with scripted(script) as graph, graph_at(graph.base) as client, ahead.over(client):
            for ref in added:
                ahead.add([ref])
            scopes = [DesiredScope(ref, (), PLACE) for ref in refs]
            observed = await observe(client, KINDS, scopes, lambda: advanced.append(None), ahead)
            return observed, [wanted(seen) for seen in graph.seen if wanted(seen)]

    return *asyncio.run(run()), advanced


def test_parents_are_read_before_all_files_are_loaded(files: Path) -> None:
    begun: list[set[str | None]] = []

    async def run() -> LoadedState | int:
        async with scripted(graph_with(*NAMES)) as graph, graph_at(graph.base) as client:
            ahead = Ahead(KINDS)

            async def work(valid: asyncio.Future[LoadedState]) -> int:
                async with ahead.over(client):
                    scopes = (await valid).scopes
                    begun.append({ref.display_name for ref in ahead.begun})
                    await observe(client, KINDS, scopes, ahead=ahead)
                    return sum(1 for seen in graph.seen if wanted(seen))

            return await while_loading(loading(files), ahead, work)

    assert asyncio.run(run()) == 3, "as many look-ups as without"
    assert begun == [set(NAMES[:30])]


def test_what_is_read_ahead_is_observed_as_always() -> None:
    refs = [catalog_ref(None, name) for name in [*NAMES, "Nowhere"]]
    script = graph_with(*NAMES)
    late, look_ups, counted = read_with(Ahead(KINDS), *refs, script=script)
    early, early_look_ups, early_counted = read_with(Ahead(KINDS), *refs, script=script, added=refs)
    assert early == late
    assert sorted(early_look_ups) == sorted(look_ups)
    assert len(early_counted) == len(counted) == len(refs)


def test_a_name_in_two_spellings_is_read_once() -> None:
    refs = [catalog_ref(None, name) for name in NAMES]
    spellings = [*refs, *(catalog_ref(None, name.upper()) for name in NAMES)]
    _, look_ups, _ = read_with(Ahead(KINDS), *refs, script=graph_with(*NAMES), added=spellings)
    assert sorted(name for names in look_ups for name in names) == NAMES


def test_only_full_look_ups_begin_early() -> None:
    ahead = Ahead(KINDS)
    read_with(ahead, script=graph_with(), added=[catalog_ref(None, n) for n in NAMES[: ENOUGH - 1]])
    assert not ahead.begun


def test_with_catalog_nothing_is_read_ahead() -> None:
    ahead = Ahead(KINDS, ["Marketing"])
    read_with(ahead, script=graph_with(), added=[catalog_ref(None, name) for name in NAMES])
    assert not ahead.begun


def test_an_error_of_an_early_read_is_that_of_the_plan() -> None:
    refs = [catalog_ref(None, name) for name in NAMES]
    with pytest.raises(ServiceUnansweredError):
        read_with(Ahead(KINDS), *refs, script=lambda _: Reply(way="drop"), added=refs)


def test_after_an_error_in_a_file_nothing_more_is_read(files: Path) -> None:
    declare(files, UNKNOWN_PROPERTY, name="Catalog 20a.yaml")
    yielded = [ref.display_name for refs in loading(files).files() for ref in refs]
    assert yielded == NAMES[:21]


def test_errors_in_files_count_more_than_a_failed_sign_in(files: Path) -> None:
    async def work(_valid: asyncio.Future[LoadedState]) -> str:
        raise AuthenticationError("Not signed in.")

    def run() -> str | LoadedState:
        return asyncio.run(while_loading(loading(files), Ahead(KINDS), work))

    with pytest.raises(AuthenticationError):
        run()
    declare(files, UNKNOWN_PROPERTY, name="z.yaml")
    state = run()
    assert isinstance(state, LoadedState)
    assert state.faulty


def test_work_begins_only_with_enough_to_read(tmp_path: Path) -> None:
    """A repository with an error in its only file imports no SDK."""
    begun: list[str] = []

    async def work(_valid: asyncio.Future[LoadedState]) -> None:
        begun.append("work")

    declare(tmp_path, UNKNOWN_PROPERTY)
    state = asyncio.run(while_loading(loading(tmp_path), Ahead(KINDS), work))
    assert isinstance(state, LoadedState)
    assert begun == []
    declare(tmp_path, {"catalog": "Sales", "extensions": []})
    assert asyncio.run(while_loading(loading(tmp_path), Ahead(KINDS), work)) is None
    assert begun == ["work"]


def test_work_that_waits_is_cancelled_when_files_are_invalid(files: Path) -> None:
    ended: list[bool] = []

    async def work(valid: asyncio.Future[LoadedState]) -> None:
        try:
            await valid
        finally:
            ended.append(valid.cancelled())

    async def run() -> list[bool]:
        await while_loading(loading(files), Ahead(KINDS), work)
        return [*ended]  # at the end of the loop everything would be cancelled

    declare(files, UNKNOWN_PROPERTY, name="z.yaml")
    assert asyncio.run(run()) == [True]


def test_early_reads_end_with_the_connection() -> None:
    async def run() -> list[bool]:
        ahead = Ahead(KINDS)
        async with scripted(graph_with(*NAMES)) as graph, graph_at(graph.base) as client:
            async with ahead.over(client):
                ahead.add(catalog_ref(None, name) for name in NAMES)
            return [search.cancelled() for search in set(ahead.begun.values())]

    assert asyncio.run(run()) == [True, True]


def test_for_invalid_files_no_sandbox_is_made(files: Path, reconciler: CommandLine) -> None:
    declare(files, UNKNOWN_PROPERTY, name="z.yaml")
    ran = reconciler("plan", "--sandbox", files)
    assert ran.code == 3
    assert not Path(".reconciler").exists()
