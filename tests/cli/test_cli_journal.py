"""The journal of an apply, as an operator meets it: kept by default, read back by the next one."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from anyio.from_thread import start_blocking_portal
from clock import TIMEOUT_S
from harness import MARKETING, CommandLine, catalog, declare, extension

from reconciler.apply.journal import Journal
from reconciler.apply.read_back import MAX_FAILED_POLLS
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store
from reconciler.sandbox.switches import Lag
from reconciler.settings import DEFAULT_JOURNAL, LOOPBACK_TENANT

STATE = Path("desired_state")
DATABASE = Path(".reconciler/sandbox.sqlite3")
OWN = MARKETING[:-1] + "0"


@pytest.fixture
def declared(reconciler: CommandLine) -> CommandLine:
    """The command line, where a and b are declared and not live."""
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a"), extension("b")]})
    return reconciler


def applied(reconciler: CommandLine, *options: str) -> tuple[int, str]:
    """How an apply on the sandbox ended: exit code, and stderr."""
    ended = reconciler("apply", "--sandbox", "--auto-approve", *options)
    return ended.code, ended.err


def interrupted_run(file: Path, action: str, name: str, object_id: str | None = None) -> None:
    """The journal of a run that was killed while it wrote."""
    file.parent.mkdir(exist_ok=True)
    journal = Journal(file)
    journal.record("begin", tenant_id=LOOPBACK_TENANT, graph_url="http://127.0.0.1/v1.0")
    journal.record(
        "sending",
        kind="extension",
        action=action,
        parents=[{"kind": "catalog", "id": MARKETING, "display_name": "Marketing"}],
        object={"id": object_id, "display_name": name},
        body=extension(name, description="new"),
    )
    journal.close()


@contextmanager
def served(*, unreadable_reads: int = 0) -> Iterator[str]:
    """The URL of a sandbox; the first listings of extensions are refused."""
    refused: list[str] = []

    @web.middleware
    async def forbidding(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "catalog" in request.match_info and len(refused) < unreadable_reads:
            refused.append(request.path)
            return web.Response(status=403)
        return await handler(request)

    with start_blocking_portal() as portal:
        serving = serve(DATABASE, faults=[forbidding])
        with portal.wrap_async_context_manager(serving) as url:
            yield url


def events(file: Path = DEFAULT_JOURNAL) -> list[str]:
    """The events of the journal's lines."""
    return [json.loads(line)["event"] for line in file.read_text().splitlines()]


def test_a_journal_is_kept_by_default_and_does_not_dirty_a_checkout(declared: CommandLine) -> None:
    subprocess.run(["git", "init", "-q"], check=True)
    with served() as url:  # which creates no folder: the sandbox's own is elsewhere
        shutil.move(DATABASE.parent, "state")
        ended = declared("apply", "--auto-approve", "--graph-url", url)
    assert ended.code == 0, ended.err
    assert events() == ["begin", *["sending", "answered", "outcome"] * 2]
    assert (DEFAULT_JOURNAL.parent / ".gitignore").read_text() == "*\n"
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    printed = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert ".reconciler" not in printed
    assert stat.S_IMODE(DEFAULT_JOURNAL.stat().st_mode) & 0o022 == 0


def test_another_journal_or_none(declared: CommandLine) -> None:
    declared.seed(catalog())
    assert applied(declared, "--journal", "other.jsonl")[0] == 0
    assert "outcome" in events(Path("other.jsonl"))
    assert not DEFAULT_JOURNAL.exists()
    assert applied(declared, "--no-journal")[0] == 0
    assert not DEFAULT_JOURNAL.exists()
    code, err = applied(declared, "--journal", "other.jsonl", "--no-journal")
    assert (code, "mutually exclusive" in err) == (1, True)


@pytest.mark.parametrize("command", ["fresh", "saved"])
def test_without_a_writable_journal_nothing_is_sent(command: str, declared: CommandLine) -> None:
    declared.seed(catalog())
    assert declared("plan", "--sandbox", "--out", "plan.json").code == 0
    DEFAULT_JOURNAL.mkdir()
    options = ["--plan", "plan.json"] if command == "saved" else ["--auto-approve"]
    ended = declared("apply", "--sandbox", *options)
    assert ended.code == 1
    assert f"The journal {DEFAULT_JOURNAL} cannot be written: Is a directory." in ended.err
    assert "--no-journal" in ended.err
    assert declared.live() == []
    assert declared("apply", "--sandbox", "--no-journal", *options).code == 0


def test_a_second_apply_with_the_same_journal_is_refused(declared: CommandLine) -> None:
    declared.seed(catalog())
    first = Journal(DEFAULT_JOURNAL)
    code, err = applied(declared)
    assert code == 1
    assert f"The journal {DEFAULT_JOURNAL} is in use by another run. Nothing was written." in err
    assert "Wait until that run has ended" in err
    assert declared.live() == []
    first.close()
    assert applied(declared)[0] == 0


def test_a_damaged_journal_stops_apply_and_nothing_else(declared: CommandLine) -> None:
    declared.seed(catalog())
    DEFAULT_JOURNAL.write_text("damaged\n")
    code, err = applied(declared)
    assert code == 1
    assert f"Line 1 of the journal {DEFAULT_JOURNAL} is damaged: it is not JSON." in err
    assert declared.live() == []
    assert declared("plan", "--sandbox").code == 0
    assert declared("drift", "--sandbox").code == 0
    assert DEFAULT_JOURNAL.read_text() == "damaged\n"


def test_a_write_that_shows_is_settled_and_the_run_goes_on(declared: CommandLine) -> None:
    declared.seed(catalog(extensions=[{"id": OWN, **extension("a", description="new")}]))
    interrupted_run(DEFAULT_JOURNAL, "update", "a", OWN)
    with served() as url:
        ended = declared("apply", "--auto-approve", "--graph-url", url)
    assert ended.code == 0, ended.err
    result = 'The result of a write of an earlier run is unknown: update of "a" in Marketing.'
    assert result in ended.err
    found = f'Looked for the update of "a" in Marketing: live with id {OWN}.'
    assert found in ended.err
    assert "settled" in events()
    assert len(declared.live()) == 2


def test_what_stays_unsettled_is_blocked_and_the_rest_is_applied(declared: CommandLine) -> None:
    declared.seed(catalog())
    interrupted_run(DEFAULT_JOURNAL, "create", "a")
    with served(unreadable_reads=MAX_FAILED_POLLS) as url:
        ended = declared("apply", "--auto-approve", "--graph-url", url)
    assert ended.code == 4, ended.err
    assert "an earlier run sent its create at " in ended.out
    assert "run apply again: it searches again" in " ".join(ended.out.split())
    assert [item["displayName"] for item in declared.live()] == ["b"]
    assert "settled" not in events()


@pytest.mark.parametrize("approval", ["--plan", "--expect-digest"])
def test_an_approved_plan_is_refused_whole_while_a_write_is_unsettled(
    approval: str, declared: CommandLine
) -> None:
    declared.seed(catalog())
    with served() as url:
        planned = declared("plan", "--graph-url", url, "--out", "plan.json", "--format", "json")
    value = "plan.json" if approval == "--plan" else planned.document["digest"]
    interrupted_run(DEFAULT_JOURNAL, "create", "a")
    with served(unreadable_reads=MAX_FAILED_POLLS) as url:
        ended = declared("apply", approval, value, "--graph-url", url)
    assert ended.code == 4, ended.err
    assert "The plan cannot be applied yet; nothing was written." in ended.err
    assert "The plan still holds. Apply it again later" in ended.err
    assert declared.live() == []


def test_a_saved_plan_is_compared_with_graph_after_the_search(declared: CommandLine) -> None:
    declared.seed(catalog(extensions=[{"id": OWN, **extension("a")}]))
    declare(STATE, {"catalog": "Marketing", "extensions": [extension("a", description="new")]})
    with served() as url:
        assert declared("plan", "--graph-url", url, "--out", "plan.json").code == 0
        interrupted_run(DEFAULT_JOURNAL, "update", "a", OWN)
        with Store(DATABASE) as store:
            (row,) = store.rows("extension")
            store.change("extension", row, row.document | {"description": "new"}, lag=Lag(2, 2))
        ended = declared("apply", "--plan", "plan.json", "--graph-url", url)
    assert ended.code == 5, ended.err
    assert "The plan no longer matches Graph; nothing was written." in ended.err
    assert "already in the desired state" in ended.err
    assert "settled" in events()


def test_without_a_journal_nothing_is_looked_for(declared: CommandLine) -> None:
    declared.seed(catalog())
    interrupted_run(DEFAULT_JOURNAL, "create", "a")
    with served() as url:
        ended = declared("apply", "--auto-approve", "--no-journal", "--graph-url", url)
    assert (ended.code, "earlier run" in ended.err) == (0, False)


@pytest.mark.parametrize("approval", [["--auto-approve"], ["--plan", "plan.json"]], ids=str)
def test_a_graph_that_does_not_answer_ends_the_run(
    approval: list[str], declared: CommandLine
) -> None:
    declared.seed(catalog())
    with served() as url:
        assert declared("plan", "--graph-url", url, "--out", "plan.json").code == 0
    interrupted_run(DEFAULT_JOURNAL, "create", "a")
    ended = declared("apply", *approval, "--max-retries", "0", "--graph-url", url)
    assert ended.code == 1, ended.err
    assert "did not answer" in ended.err or "connection" in ended.err.lower()
    assert "settled" not in events()


def test_a_signal_while_earlier_writes_are_looked_for_ends_the_run(declared: CommandLine) -> None:
    declared.seed(catalog())
    interrupted_run(DEFAULT_JOURNAL, "create", "a")
    with served() as url:
        command = [sys.executable, "-m", "reconciler", "apply", "--auto-approve"]
        with subprocess.Popen(
            [*command, "--graph-url", url],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            assert "before anything is planned" in process.stderr.readline()
            process.terminate()
            assert process.wait(TIMEOUT_S) == 130
    assert "settled" not in events()
    assert declared.live() == []


def test_a_journal_needs_neither_home_nor_stderr(declared: CommandLine) -> None:
    declared.seed(catalog())
    command = f"{sys.executable} -m reconciler apply --sandbox --auto-approve 2>&-"
    ended = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": os.environ["PATH"]}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert events() == ["begin", *["sending", "answered", "outcome"] * 2]
