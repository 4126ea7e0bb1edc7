"""The database: seeded, kept, shared, refused when it is not ours, and safe against SIGKILL."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from clock import TIMEOUT_S

from reconciler.sandbox.errors import SandboxDatabaseError, SeedError
from reconciler.sandbox.store import Store, reset
from reconciler.sandbox.switches import Switches

ROOT = Path(__file__).parents[2]
SERVE_FOREVER = """
import asyncio, sys
from reconciler.sandbox.server import serve
async def main():
    async with serve(sys.argv[1]) as base:
        print(base, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def seed_file(folder, content):
    file = folder / "seed.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(("folder", "hidden"), [(".reconciler", True), ("state", False)])
def test_our_own_folder_hides_itself_from_git_and_no_other_does(tmp_path, folder, hidden):
    with Store(tmp_path / folder / "s.sqlite3"):
        found = sorted(
            file.name
            for file in (tmp_path / folder).iterdir()
            if not file.name.startswith("s.sqlite3")
        )
    assert found == ([".gitignore"] if hidden else [])
    if hidden:
        assert (tmp_path / folder / ".gitignore").read_text() == "*\n"


def test_a_folder_that_is_there_already_is_left_as_it_is(tmp_path):
    (tmp_path / ".reconciler").mkdir()
    with Store(tmp_path / ".reconciler" / "s.sqlite3"):
        assert not (tmp_path / ".reconciler" / ".gitignore").exists()


def test_a_new_database_holds_the_seed(tmp_path):
    with Store(tmp_path / "deep" / "er" / "s.sqlite3") as store:
        assert {one["displayName"] for one in store.catalogs()} == {
            "General",
            "Marketing",
            "Finance",
        }
        named = {one["displayName"]: one for one in store.extensions()}
        assert set(named) == {"notify-approvers", "expiry-reminder", "legacy-audit"}
        assert named["notify-approvers"]["callbackConfiguration"]["timeoutDuration"] == "PT30M"
        assert (
            store.policies()[0]["customExtensionStageSettings"][0]["customExtension"]["id"]
            == (named["legacy-audit"]["id"])
        )


def test_an_empty_file_counts_as_new(tmp_path):
    (tmp_path / "s").touch()
    with Store(tmp_path / "s") as store:
        assert len(store.catalogs()) == 3


def test_what_was_written_is_there_after_a_restart(start, request_body):
    graph = start()
    created = graph.create(request_body)
    again = start(database=graph.database)
    assert again.every(again.extensions())[0]["id"] == created["id"]


def test_two_servers_of_one_file_see_each_others_writes(start, request_body):
    one = start()
    other = start(database=one.database)
    for number in range(10):
        (one if number % 2 else other).create({**request_body, "displayName": f"n{number}"})
    assert len(one.every(one.extensions())) == len(other.every(other.extensions())) == 10


def test_two_servers_writing_at_once_lose_nothing(start, request_body):
    servers = [start(), start()]

    def write(graph):
        for _ in range(20):
            graph.create(request_body)

    threads = [threading.Thread(target=write, args=(graph,)) for graph in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(servers[0].every(servers[0].extensions())) == 40


def test_opening_a_new_file_at_once_seeds_it_once(tmp_path):
    opened = []

    def open_store():
        with Store(tmp_path / "s.sqlite3") as store:
            opened.append(len(store.extensions()))

    threads = [threading.Thread(target=open_store) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [3] * 6


def test_a_page_may_come_from_another_server(start, request_body):
    one = start("page_size=1")
    for number in range(4):
        one.create({**request_body, "displayName": f"n{number}"})
    other = start("page_size=1", database=one.database)
    first = one.get(one.extensions()).json()
    rest = other.every(first["@odata.nextLink"].replace(one.base, other.base))
    assert sorted(one["displayName"] for one in first["value"] + rest) == ["n0", "n1", "n2", "n3"]


def test_sigkill_loses_no_answered_write(tmp_path, request_body):
    database = tmp_path / "s.sqlite3"
    command = [sys.executable, "-c", SERVE_FOREVER, str(database)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as server:
        base = server.stdout.readline().strip()
        catalogs = "/identityGovernance/entitlementManagement/catalogs"
        path = f"{catalogs}/32efb28c-9a7a-446c-986b-ca6528c6669d"
        headers = {"Authorization": "Bearer loopback-token-not-secret"}
        with httpx.Client(
            headers=headers, trust_env=False, verify=False, timeout=TIMEOUT_S
        ) as client:
            url = f"{base}{path}/customWorkflowExtensions"
            made = [client.post(url, json=request_body).json()["id"] for _ in range(5)]
            server.send_signal(signal.SIGKILL)
    with Store(database) as store:
        assert [
            one["id"] for one in store.extensions("32efb28c-9a7a-446c-986b-ca6528c6669d")
        ] == made


def test_reset_reseeds_and_keeps_its_switches(start, tmp_path, request_body):
    database = tmp_path / "s.sqlite3"
    reset(database, switches=Switches(page_size=1))
    graph = start(database=database)
    graph.create(request_body)
    assert len(graph.pages("/catalogs")) == 3
    assert len(start("page_size=2", database=database).pages("/catalogs")) == 2
    reset(database)
    assert len(start(database=database).pages("/catalogs")) == 1
    assert graph.every(graph.extensions()) == []


def test_a_database_can_be_empty(tmp_path, start):
    empty = seed_file(tmp_path, {"catalogs": [], "policies": []})
    graph = start(seed=empty)
    assert graph.every("/catalogs") == graph.every("/assignmentPolicies") == []
    reset(graph.database, seed=empty)
    assert start(database=graph.database).every("/catalogs") == []


def test_a_stage_setting_of_a_seed_needs_no_id(tmp_path, start):
    package = "6b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
    calls = {"stage": "assignmentRequestCreated", "customExtension": {"id": package}}
    policy = {
        "displayName": "Initial policy",
        "accessPackage": {"id": package},
        "customExtensionStageSettings": [calls, calls],
    }
    graph = start(seed=seed_file(tmp_path, {"catalogs": [], "policies": [policy]}))
    (read,) = graph.every("/assignmentPolicies", params={"$expand": "customExtensionStageSettings"})
    assert len({setting["id"] for setting in read["customExtensionStageSettings"]}) == 2


def test_a_seed_needs_names_and_bodies_only_and_gives_the_same_every_time(tmp_path, request_body):
    unknown = {
        "@odata.type": "#microsoft.graph.customAccessPackageWorkflowExtension",
        "displayName": "old",
    }
    catalog = {"displayName": "Legal", "customWorkflowExtensions": [request_body, unknown]}
    seed = seed_file(tmp_path, {"catalogs": [catalog]})
    with Store(tmp_path / "a", seed=seed) as one, Store(tmp_path / "b", seed=seed) as other:
        assert one.extensions() == other.extensions() and one.catalogs() == other.catalogs()
        assert [item["displayName"] for item in one.extensions(one.catalogs()[0]["id"])] == [
            "notify-hr",
            "old",
        ]


def test_a_seeded_object_has_what_the_service_fills_in(tmp_path, request_body):
    required = {
        name: request_body[name]
        for name in (
            "@odata.type",
            "displayName",
            "endpointConfiguration",
            "authenticationConfiguration",
        )
    }
    catalog = {"displayName": "Legal", "customWorkflowExtensions": [required]}
    seed = seed_file(tmp_path, {"catalogs": [catalog]})
    with Store(tmp_path / "s", seed=seed) as store:
        [stored], [extension] = store.catalogs(), store.extensions()
    assert (stored["description"], stored["state"]) == (None, "published")
    assert (stored["catalogType"], stored["isExternallyVisible"]) == ("userManaged", False)
    assert extension["clientConfiguration"] is extension["callbackConfiguration"] is None
    assert extension["description"] is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("{", "JSON"),
        ([], "object"),
        ({}, "catalogs"),
        ({"catalogs": {}}, "array"),
        ({"catalogs": [1]}, "catalogs[0]"),
        ({"catalogs": [{}]}, "displayName"),
        ({"catalogs": [], "more": 1}, "more"),
        (
            {
                "catalogs": [
                    {"displayName": "x", "customWorkflowExtensions": [{"displayName": "y"}]}
                ]
            },
            "@odata.type",
        ),
        ({"catalogs": [{"displayName": "x"}, {"displayName": "y", "id": "no"}]}, "GUID"),
        ({"catalogs": [], "policies": [{"displayName": "x"}]}, "accessPackage"),
    ],
)
def test_a_bad_seed_is_named_and_touches_nothing(tmp_path, content, word):
    seed = seed_file(tmp_path, content)
    with Store(tmp_path / "kept") as store, pytest.raises(SeedError) as caught:
        reset(tmp_path / "kept", seed=seed)
    assert word in str(caught.value) and "seed.json" in str(caught.value)
    with pytest.raises(SeedError):
        Store(tmp_path / "new", seed=seed)
    with Store(tmp_path / "kept") as store:
        assert len(store.catalogs()) == 3


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_a_number_of_a_seed_is_finite(tmp_path, number):
    seed = tmp_path / "seed.json"
    seed.write_text(f'{{"catalogs": [{{"displayName": "x", "unknown": {number}}}]}}')
    with pytest.raises(SeedError, match=f"is not valid JSON: {number}"):
        reset(tmp_path / "s", seed=seed)


def test_the_same_id_twice_in_a_seed_is_refused(tmp_path):
    duplicate = {"displayName": "x", "id": "32efb28c-9a7a-446c-986b-ca6528c6669d"}
    with pytest.raises(SeedError, match="twice"):
        Store(tmp_path / "s", seed=seed_file(tmp_path, {"catalogs": [duplicate, duplicate]}))


def test_an_absent_seed_is_refused(tmp_path):
    with pytest.raises(SeedError, match="cannot be read"):
        reset(tmp_path / "s", seed=tmp_path / "absent.json")


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("these are my notes, and no database at all\n" * 40)
    for attempt in (Store, reset):
        with pytest.raises(SandboxDatabaseError, match="--sandbox-db"):
            attempt(file)
    assert file.read_text().startswith("these are my notes")


def test_another_programs_database_is_refused_and_kept(tmp_path):
    file = tmp_path / "other.sqlite3"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE objects (x)")
    other.close()
    before = file.read_bytes()
    for attempt in (Store, reset):
        with pytest.raises(SandboxDatabaseError, match="belongs to another program"):
            attempt(file)
    assert file.read_bytes() == before


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(SandboxDatabaseError):
        Store(tmp_path)


def test_switches_and_store_do_without_aiohttp():
    check = (
        "import sys, reconciler.sandbox.switches, reconciler.sandbox.store;sys.exit('aiohttp' in"
        " sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_and_stays(tmp_path, make):
    make(tmp_path / "special")
    before = (tmp_path / "special").stat()
    for attempt in (Store, reset):
        with pytest.raises(
            SandboxDatabaseError,
            match="cannot be used as a sandbox database: it is not a regular file",
        ):
            attempt(tmp_path / "special")
    assert (tmp_path / "special").stat() == before


def test_a_full_disk_is_reported_with_the_name_of_the_database(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        for attempt in (Store, reset):
            with pytest.raises(
                SandboxDatabaseError, match=r"s\.sqlite3 cannot be used as a sandbox database: "
            ):
                attempt(tmp_path / "s.sqlite3")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
