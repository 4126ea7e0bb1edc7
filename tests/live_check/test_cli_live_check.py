"""The command live-check: what it asks, prints, keeps, removes, and how it exits."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from checks import FOREIGN, FOREIGN_ID, NAME
from harness import SUBSCRIPTION, URL, CommandLine, Json, Ran, catalog, extension, write_seed

from reconciler.cli.logic_app_options import logic_app_of
from reconciler.errors import UsageError
from reconciler.live_check import cleaning, polling
from reconciler.live_check.journal import Target, open_journal
from reconciler.live_check.owned import OwnObject
from reconciler.render.text import wrapped
from reconciler.sandbox.errors import GraphError
from reconciler.sandbox.store import Store, reset
from reconciler.sandbox.switches import parse_switches
from reconciler.settings import LOOPBACK_TENANT
from tests.cli.test_cli_contract import Stdin
from tests.crash.crash_graph import ended, started
from tests.sandbox.conftest import serve_in_thread

APP = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secret-group/providers/Microsoft.Logic"
    "/workflows/secret-app"
)
NAME_ID = "00000000-0000-4000-8000-00000000000f"
ROOT = Path(__file__).parents[2]
JOURNAL, FACTS = Path(".reconciler/live-check.jsonl"), Path("live-facts.json")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SET = re.compile(r"--set (\S+)")


def begin(reconciler: CommandLine, *switches: str) -> None:
    """A tenant with a catalog of its own, and one of another live check."""
    reconciler.seed(
        catalog("Secret Marketing", extensions=[extension("secret extension")]),
        catalog(FOREIGN, FOREIGN_ID),
        switches=switches,
    )


def live(reconciler: CommandLine) -> list[str]:
    """The names of all catalogs."""
    with reconciler.store() as store:
        return sorted(each["displayName"] for each in store.catalogs())


UNTOUCHED = ["Secret Marketing", FOREIGN]


class TestApproval:
    def test_without_a_terminal_nothing_is_written(self, reconciler: CommandLine) -> None:
        begin(reconciler)
        ran = reconciler("live-check", "--sandbox", "--logic-app", APP)
        assert ran.code == 4
        assert "not approved: stdin is not a terminal. Nothing was written." in ran.err
        assert "--auto-approve" in ran.err
        assert (live(reconciler), FACTS.exists()) == (UNTOUCHED, False)
        assert JOURNAL.read_text() == ""

    @pytest.mark.parametrize("answer", ["", "y", "YES", "no"])
    def test_only_yes_approves(
        self, reconciler: CommandLine, answer: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin(reconciler)
        monkeypatch.setattr(sys, "stdin", Stdin(f"{answer}\n", terminal=True))
        ran = reconciler("live-check", "--sandbox", "--logic-app", APP)
        assert ran.code == 4
        assert "Nothing was written." in ran.err
        assert live(reconciler) == UNTOUCHED

    def test_yes_approves_what_was_shown(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begin(reconciler)
        monkeypatch.setattr(sys, "stdin", Stdin("yes\n", terminal=True))
        ran = reconciler("live-check", "--sandbox", "--logic-app", APP)
        assert ran.code == 0, ran.err
        shown, results = ran.out.split("\n\n", 1)
        headline, *changes, lists = shown.splitlines()
        assert headline.startswith("A live check in the sandbox writes only objects that it creat")
        assert [line[:2] for line in changes] == ["+ ", "+ ", "+ ", "~ ", "- "], "one per line"
        assert lists.startswith("It lists access packages and policies")
        assert results.startswith("P1 ")
        [name] = set(re.findall(r"reconciler-live-check-[0-9a-f]{32}", ran.out))
        assert name in JOURNAL.read_text()
        assert live(reconciler) == UNTOUCHED

    @pytest.mark.thorough
    def test_each_run_has_a_name_of_its_own(self, reconciler: CommandLine) -> None:
        begin(reconciler)
        for _ in range(2):
            assert check(reconciler).code == 0
        runs = {json.loads(line)["run"] for line in JOURNAL.read_text().splitlines()}
        assert len(runs) == 2


def check(reconciler: CommandLine, *more: str | Path) -> Any:
    return reconciler("live-check", "--sandbox", "--logic-app", APP, "--auto-approve", *more)


@dataclass(frozen=True)
class Whole:
    """A run in a tenant without peculiarities: what it printed, and its two files."""

    ran: Ran
    document: Json
    journal: list[Json]


WHOLE: dict[str, Whole] = {}


def whole(reconciler: CommandLine, output: str = "text") -> Whole:
    """The same run for all tests of this process that only read what came of it."""
    if output not in WHOLE:
        begin(reconciler)
        ran = check(reconciler, "--format", output)
        journal = [json.loads(line) for line in JOURNAL.read_text().splitlines()]
        WHOLE[output] = Whole(ran, json.loads(FACTS.read_text()), journal)
    return WHOLE[output]


class TestResult:
    def test_the_document_names_nothing_of_the_tenant(self, reconciler: CommandLine) -> None:
        begin(reconciler, "in_use_status=409", "several_at_stage=refuse")
        ran = check(reconciler, "--trigger-url", URL, "--out", "facts.json")
        assert ran.code == 0, ran.err
        text = Path("facts.json").read_text()
        for each in ("ecret", SUBSCRIPTION, "/workflows", "127.0.0.1", "Marketing"):
            assert each not in text
            assert each not in ran.out
        document = json.loads(text)
        ids = {seen["request_id"] for fact in document["facts"] for seen in fact["seen"]}
        ids |= {seen["request_id"] for each in document["observations"] for seen in each["seen"]}
        assert set(GUID.findall(text)) <= ids, "request ids are the only ids"
        assert list(document)[-1] == "sandbox"

    def test_json_is_the_document(self, reconciler: CommandLine) -> None:
        run = whole(reconciler, "json")
        assert run.ran.document == run.document
        assert run.document["left"] == []
        assert {each["probe"] for each in run.document["not_tried"]} >= {"P6", "P17"}
        assert "reconciler-live-check-" in run.ran.err, "the writes are shown before"

    def test_a_result_that_cannot_be_saved_is_printed(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = Path("results")
        folder.mkdir()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        begin(reconciler)
        monkeypatch.setattr(Path, "write_bytes", full)
        ran = check(reconciler, "--out", folder / "facts.json")
        assert ran.code == 1
        assert (
            "The live check ran and removed everything that it created; only its result could not"
            " be saved: results/facts.json cannot be written: No space left on device."
        ) in ran.err
        assert "= put: replace (observed once)" in ran.out.splitlines()

    def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_asked(
        self, reconciler: CommandLine
    ) -> None:
        begin(reconciler)
        Path("kept.json").write_text("{}")
        Path("kept.json").chmod(0o444)
        missing = check(reconciler, "--out", "missing/folder/facts.json")
        assert "/folder/facts.json cannot be written: its folder does not exist." in missing.err
        kept = check(reconciler, "--out", "kept.json")
        assert "kept.json is read-only. Nothing was written." in kept.err
        assert (missing.code, missing.out, kept.code, kept.out) == (1, "", 1, "")
        assert not JOURNAL.exists()

    def test_the_last_line_makes_the_sandbox_behave_so(self, reconciler: CommandLine) -> None:
        switches = ("in_use_status=412", "put=merge", "timeout_accept=durationBeforeTimeout")
        begin(reconciler, *switches)
        ran = check(reconciler)
        assert wrapped(ran.out, 40).endswith(f"\n{ran.last}\n"), "a command is never wrapped"
        assert ran.last.strip() == json.loads(FACTS.read_text())["sandbox"]
        assert ran.last.strip().startswith("reconciler sandbox serve --set ")
        assert parse_switches(SET.findall(ran.last)) == parse_switches(switches)

    @pytest.mark.parametrize("output", ["text", "json"])
    def test_it_says_how_many_objects_were_removed(
        self, reconciler: CommandLine, output: str
    ) -> None:
        run = whole(reconciler, output)
        assert "Saved the result in live-facts.json." in run.ran.err.splitlines()
        events = [line["event"] for line in run.journal]
        said = run.ran.out if output == "text" else run.ran.err
        assert f"Removed all {events.count('created')} objects of this live check." in said

    def test_it_says_what_is_decided_how_often_and_what_not(self, reconciler: CommandLine) -> None:
        run = whole(reconciler)
        lines, facts = run.ran.out.splitlines(), run.document["facts"]
        decided = sum(fact["value"] is not None for fact in facts)
        assert f"{decided} of {len(facts)} questions answered." in lines
        assert 0 < decided < len(facts)
        assert "= put: replace (observed once)" in lines
        assert "= timeout_answer: timeoutDuration (observed 2 times)" in lines
        assert any(line.startswith("? timeout_other: unknown (both names") for line in lines)
        assert "Not tried:" in lines

    def test_the_writes_that_are_shown_are_those_that_are_made(
        self, reconciler: CommandLine
    ) -> None:
        run = whole(reconciler)
        shown = run.ran.out.partition("P1 ")[0]
        made = Counter(line["kind"] for line in run.journal if line["event"] == "created")
        for kind in ("catalog", "extension", "access package", "policies"):
            [count] = re.findall(rf"(\d+) {kind}", shown)
            key = kind.replace(" ", "_").replace("policies", "policy")
            assert made[key] <= int(count) <= made[key] + 4, kind


class TestOptions:
    def test_an_environment_must_be_chosen_where_there_are_some(
        self, reconciler: CommandLine
    ) -> None:
        begin(reconciler)
        Path("reconciler.yaml").write_text("environments:\n  staging: {}\n")
        for arguments in (("--logic-app", APP), ("--clean",)):
            ran = reconciler("live-check", "--sandbox", "--auto-approve", *arguments)
            assert ran.code == 1
            assert "No environment was chosen" in ran.err
        assert live(reconciler) == UNTOUCHED

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "--logic-app is missing"),
            (["--logic-app", " "], "--logic-app is missing"),
            (["--logic-app", "secret-app"], "is not the resource ID"),
            (["--logic-app", f"{APP}/triggers/manual"], "is not the resource ID"),
            (["--logic-app", APP.replace("Logic/workflows", "Web/sites")], "is not the resource"),
            (["--logic-app", f"{APP}\nx"], "is not the resource ID"),
            (["--logic-app", APP, "--trigger-url", f"{URL}&sig=abc"], "shared-access signature"),
            (["--logic-app", APP, "--trigger-url", f"{URL}&SV=1.0"], "shared-access signature"),
            (["--logic-app", APP, "--trigger-url", "http://x.azure.com/a"], "not an https address"),
            (["--logic-app", APP, "--catalog", "A"], "--catalog cannot be combined"),
            (["--clean", "--logic-app", APP], "cannot be combined with --logic-app"),
            (["--clean", "Marketing"], "not the name of a catalog of a live check"),
            (["--clean", FOREIGN.upper()], "32 hexadecimal digits in lower case"),
            (["--clean", "reconciler-live-check-"], "not the name of a catalog of a live check"),
            (["--clean", f"x{FOREIGN}"], "not the name of a catalog of a live check"),
            (["--clean", f"{FOREIGN}' or '1"], "not the name of a catalog of a live check"),
            (["--clean"], "There is no journal"),
        ],
    )
    def test_usage_errors_are_1_and_nothing_is_written(
        self, reconciler: CommandLine, arguments: list[str], said: str
    ) -> None:
        begin(reconciler)
        ran = reconciler("live-check", "--sandbox", "--auto-approve", *arguments)
        assert (ran.code, ran.out) == (1, ""), ran.err
        assert said in ran.err
        assert live(reconciler) == UNTOUCHED


WEB = APP.replace("Logic/workflows", "Web/sites")


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("la-notify", "Give /subscriptions/GUID/"),
        (f"'{APP}'", "Remove the quotes"),
        (f"{APP[:-1]}\u201d", "Remove the quotes"),
        (f"https://portal.azure.com/#@contoso/resource{APP}", "Copy the resource ID instead"),
        (f"https://management.azure.com{APP}?api-version=2019-05-01", "Copy the resource ID"),
        (WEB, "One on the Consumption plan"),
        (f"{APP}/triggers/manual", "remove what follows it"),
        (f"C:/Program Files/Git{APP}", "MSYS_NO_PATHCONV=1"),
        (f"C:/Program Files/Git{WEB}", "MSYS_NO_PATHCONV=1"),
    ],
)
def test_an_invalid_logic_app_is_shown_with_what_to_do(value: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        logic_app_of(value)
    assert str(raised.value).endswith(f": {value}")
    assert hint in str(raised.value.hint)


@pytest.mark.parametrize("value", [APP, f" {APP}\r\n", f"{APP}/"])
def test_blanks_and_one_slash_do_not_count(value: str) -> None:
    assert logic_app_of(value).path == APP


def test_an_invalid_logic_app_is_escaped_and_truncated() -> None:
    with pytest.raises(UsageError) as raised:
        logic_app_of("\x1b[2J" + "x" * 5000)
    assert r": \x1b[2Jxxx" in str(raised.value)
    assert len(str(raised.value)) < 320


@contextmanager
def served(folder: Path, *faults: Any) -> Iterator[tuple[str, Path]]:
    """A sandbox for other processes, and its database."""
    database = folder / "served.sqlite3"
    seed = write_seed(
        folder / "served.json",
        catalog("Secret Marketing"),
        catalog(FOREIGN, FOREIGN_ID),
    )
    reset(database, seed=seed)
    url, stop = serve_in_thread(database, None, faults=faults)
    try:
        yield url, database
    finally:
        stop()


def catalogs(database: Path) -> list[str]:
    with Store(database) as store:
        return sorted(each["displayName"] for each in store.catalogs())


class SignalAt:
    """Sends a signal to the run when it makes its n-th write."""

    def __init__(self, number: int, at_write: int, times: int = 1) -> None:
        self.process_id = 0
        self._number = number
        self._at_writes = range(at_write, at_write + times)
        self._writes = 0

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The answer, after the signal."""
        self._writes += request.method != "GET"
        if request.method != "GET" and self._writes in self._at_writes:
            os.kill(self.process_id, self._number)
        return await handler(request)


@contextmanager
def heeded(number: int) -> Iterator[None]:
    """Processes that are started in the block do not ignore the signal, even under nohup."""
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


INTERRUPTED = (
    "Interrupted. Removing what the live check has created; a second signal stops that and leaves"
    " objects."
)
ENDING = "Interrupted. The removal ends after the request in flight; what is left is listed."
NOTHING = (
    "Nothing to remove: the journal .reconciler/live-check.jsonl names nothing that is left here.\n"
)


class TestInterrupted:
    @pytest.mark.parametrize(
        ("number", "at_write"),
        [
            (signal.SIGINT, 12),
            pytest.param(signal.SIGTERM, 1, marks=pytest.mark.thorough),
            pytest.param(signal.SIGTERM, 30, marks=pytest.mark.thorough),
            pytest.param(signal.SIGHUP, 3, marks=pytest.mark.thorough),
        ],
    )
    def test_the_first_signal_ends_the_probes_and_everything_is_removed(
        self, reconciler: CommandLine, number: int, at_write: int
    ) -> None:
        stopping = SignalAt(number, at_write)
        with served(reconciler.folder, stopping.meet) as (url, database):
            arguments = ("--graph-url", url, "--logic-app", APP, "--auto-approve")
            with heeded(number), started("live-check", *arguments) as process:
                stopping.process_id = process.pid
                ran = ended(process)
            assert ran.code == 130, ran.err
            assert catalogs(database) == UNTOUCHED
        assert ran.out.count("(the run was interrupted before)\n") == 1
        assert ran.err.splitlines().count(INTERRUPTED) == 1
        assert re.search(r"^Removed .+ of this live check\.$", ran.out, re.MULTILINE)
        assert json.loads(FACTS.read_text())["left"] == []

    @pytest.mark.thorough
    def test_a_first_signal_during_the_removal_does_not_end_it(
        self, reconciler: CommandLine
    ) -> None:
        stopping = SignalAt(signal.SIGINT, 60)
        with served(reconciler.folder, stopping.meet) as (url, database):
            with started(
                "live-check", "--graph-url", url, "--logic-app", APP, "--auto-approve"
            ) as process:
                stopping.process_id = process.pid
                ran = ended(process)
            assert (ran.code, catalogs(database)) == (130, UNTOUCHED), ran.err
        assert "interrupted before" not in ran.out

    def test_the_second_one_ends_the_removal_and_clean_does_the_rest(
        self, reconciler: CommandLine
    ) -> None:
        stopping = SignalAt(signal.SIGINT, 12, times=2)
        FACTS.write_text("{}")
        with served(reconciler.folder, stopping.meet) as (url, database):
            with started(
                "live-check", "--graph-url", url, "--logic-app", APP, "--auto-approve"
            ) as process:
                stopping.process_id = process.pid
                ran = ended(process)
            assert ran.code == 130, ran.err
            assert "! Not removed:" in ran.out
            assert "of this live check" not in ran.out
            assert ran.err.splitlines().count(INTERRUPTED) == 1
            command = f"To remove what is left: reconciler live-check --clean --graph-url {url}"
            assert ": the run ended before it could be removed\n" in ran.out
            assert command in wrapped(ran.out, 40).splitlines()
            assert FACTS.read_text() == "{}"
            kept = "Kept live-facts.json as it was: this run ended early. Its result is on stdout."
            assert kept in ran.err.splitlines()
            assert len(catalogs(database)) == 3
            cleaned = reconciler("live-check", "--clean", "--graph-url", url)
            assert (cleaned.code, catalogs(database)) == (0, UNTOUCHED), cleaned.err

    def test_a_signal_ends_a_clean_up_and_everything_that_is_left_is_listed(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """That of the other runs in the journal too; the next one removes it."""
        stopping = SignalAt(signal.SIGINT, 1)
        with served(reconciler.folder, stopping.meet) as (url, database):
            with open_journal(Path("runs.jsonl")) as journal:
                for name, own_id in ((FOREIGN, FOREIGN_ID), (NAME, NAME_ID)):
                    journal.begin(name, Target(LOOPBACK_TENANT, "127.0.0.1"))
                    journal.created(name, OwnObject("catalog", own_id, name))
            target = ("--graph-url", url, "--journal", "runs.jsonl")
            with started("live-check", "--clean", *target) as process:
                stopping.process_id = process.pid
                ran = ended(process)
            assert (ran.code, catalogs(database)) == (130, ["Secret Marketing"]), ran.err
            command = f"reconciler live-check --clean --journal runs.jsonl --graph-url {url}"
            why = "the run ended before it could be removed"
            assert ran.err.splitlines() == [ENDING]
            assert ran.out.splitlines() == [
                "Removed 1 object of live checks.",
                "! Not removed:",
                f"  catalog {NAME} ({NAME_ID}): {why}",
                f"To remove what is left: {command}",
            ]
            next_run = reconciler("live-check", "--logic-app", APP, *target)
            note = "Note: 1 earlier live check left objects here. To remove them: "
            assert f"{note}{command}" in next_run.err.splitlines()
            monkeypatch.setattr(
                polling, "LIMIT_S", 0.1
            )  # it does not show, and no read has shown it
            cleaned = reconciler("live-check", "--clean", "--format", "json", *target)
            assert (cleaned.code, cleaned.document) == (0, {"removed": 1, "left": []})
            again = reconciler("live-check", "--clean", *target)
            assert (again.code, again.out) == (0, NOTHING.replace(str(JOURNAL), "runs.jsonl"))

    @pytest.mark.thorough
    def test_a_killed_run_is_cleaned_from_its_journal(self, reconciler: CommandLine) -> None:
        killing = SignalAt(signal.SIGKILL, 20)
        with served(reconciler.folder, killing.meet) as (url, database):
            with started(
                "live-check", "--graph-url", url, "--logic-app", APP, "--auto-approve"
            ) as process:
                killing.process_id = process.pid
                assert ended(process).code == -signal.SIGKILL
            assert len(catalogs(database)) == 3
            next_run = reconciler("live-check", "--graph-url", url, "--logic-app", APP)
            note = "Note: 1 earlier live check left objects here. To remove them: reconciler"
            assert f"{note} live-check --clean --graph-url {url}" in next_run.err.splitlines()
            cleaned = reconciler("live-check", "--clean", "--graph-url", url, "--format", "json")
            assert cleaned.code == 0, cleaned.err
            assert cleaned.document["removed"] > 5
            assert catalogs(database) == UNTOUCHED
            again = reconciler("live-check", "--clean", "--graph-url", url)
            assert (again.code, again.out) == (0, NOTHING)


@web.middleware
async def keeping_packages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No access package can be deleted."""
    if request.method == "DELETE" and "/accessPackages/" in request.path:
        raise GraphError(403, "UnAuthorized", "No.")
    return await handler(request)


@web.middleware
async def keeping_extensions(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No extension can be deleted by itself."""
    if request.method == "DELETE" and "/customWorkflowExtensions/" in request.path:
        raise GraphError(403, "UnAuthorized", "No.")
    return await handler(request)


@web.middleware
async def refusing_creates(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing can be created."""
    if request.method == "POST":
        raise GraphError(403, "UnAuthorized", "No.")
    return await handler(request)


def test_an_identity_that_must_not_write_is_told_the_permission(reconciler: CommandLine) -> None:
    with served(reconciler.folder, refusing_creates) as (url, _):
        ran = reconciler("live-check", "--graph-url", url, "--logic-app", APP, "--auto-approve")
    assert ran.code == 1
    assert "HTTP 403" in ran.err
    assert "Hint: Creating catalogs needs EntitlementManagement.ReadWrite.All" in ran.err
    assert "  P1, P2, P3, P4, P5, P9, P11, P12, P14 (an error ended the run" in ran.out
    assert ran.out.count("an error ended the run before") == 1
    assert "Nothing was created." in ran.out.splitlines()
    assert "sandbox serve" not in ran.out
    assert ran.last.startswith("0 of ")


class TestClean:
    @pytest.mark.parametrize("second", ["", "-2"])
    def test_a_named_catalog_is_removed_after_asking(
        self, reconciler: CommandLine, second: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the name of either catalog of its run."""
        reconciler.seed(
            catalog("Secret Marketing", "11111111-0000-4000-8000-000000000001"),
            catalog(FOREIGN, extensions=[extension(f"{FOREIGN}-p2-1")]),
        )
        refused = reconciler("live-check", "--sandbox", "--clean", FOREIGN)
        assert (refused.code, len(live(reconciler))) == (4, 2)
        assert f"The removal of catalog {FOREIGN} was not approved" in refused.err
        assert "Nothing was removed." in refused.err
        monkeypatch.setattr(sys, "stdin", Stdin("", terminal=True))
        interrupted = reconciler("live-check", "--sandbox", "--clean", FOREIGN)
        assert (interrupted.code, len(live(reconciler))) == (130, 2)
        assert interrupted.err.endswith("accepted: \nInterrupted. Nothing was removed.\n")
        monkeypatch.setattr(sys, "stdin", Stdin("yes\n", terminal=True))
        cleaned = reconciler("live-check", "--sandbox", "--clean", f"{FOREIGN}{second}")
        assert (cleaned.code, cleaned.out) == (0, "Removed 2 objects of live checks.\n")
        assert live(reconciler) == ["Secret Marketing"]

    @pytest.mark.parametrize("deletion", ["accept", "refuse"])
    def test_what_others_put_into_it_stays_and_is_named(
        self, reconciler: CommandLine, deletion: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without waiting for three minutes, and without advice that changes nothing."""
        monkeypatch.setattr(polling, "FIRST_PAUSE_S", 0.001)
        reconciler.seed(
            catalog(FOREIGN, extensions=[extension("made\nby somebody")]),
            switches=(f"delete_catalog_with_extensions={deletion}",),
        )
        ran = reconciler("live-check", "--sandbox", "--clean", FOREIGN, "--auto-approve")
        assert ran.code == 6
        assert "    contains extension made\\nby somebody" in ran.out.splitlines()
        assert "What others have created stays, and so does what contains it." in ran.out
        assert "--clean" not in ran.out
        assert [each["displayName"] for each in reconciler.live()] == ["made\nby somebody"]
        again = reconciler("live-check", "--sandbox", "--clean", "--format", "json")
        [left] = again.document["left"]
        assert (again.code, left["name"]) == (6, FOREIGN), "the journal names it now"
        assert left["inside"] == [{"kind": "extension", "name": "made\nby somebody"}]

    def test_beside_what_is_own_and_cannot_be_removed_it_stays_too(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where Graph deletes a catalog with its extensions, no DELETE of the catalog is sent."""
        monkeypatch.setattr(cleaning, "LIMIT_S", 0.1)
        inside = [extension("of somebody"), extension(f"{FOREIGN}-p5-1")]
        file = write_seed(reconciler.folder / "mixed.json", catalog(FOREIGN, extensions=inside))
        database = reconciler.folder / "mixed.sqlite3"
        reset(
            database, seed=file, switches=parse_switches(["delete_catalog_with_extensions=accept"])
        )
        url, stop = serve_in_thread(database, None, faults=[keeping_extensions])
        try:
            target = ("--graph-url", url, "--max-retries", "0", "--auto-approve")
            ran = reconciler("live-check", *target, "--clean", FOREIGN)
        finally:
            stop()
        assert ran.code == 6, ran.err
        assert catalogs(database) == [FOREIGN]
        with Store(database) as store:
            assert sum(not row.deleted for row in store.rows("extension")) == 2

    def test_a_name_that_no_catalog_has_is_an_error(self, reconciler: CommandLine) -> None:
        reconciler.seed(catalog("Secret Marketing"))
        ran = reconciler("live-check", "--sandbox", "--clean", FOREIGN, "--auto-approve")
        assert ran.code == 1
        assert f"No catalog named {FOREIGN} in this tenant.\nHint: Either it is rem" in ran.err

    def test_what_cannot_be_removed_is_6_and_named_with_its_id(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cleaning, "LIMIT_S", 0.1)
        with served(reconciler.folder, keeping_packages) as (url, database):
            ran = reconciler("live-check", "--graph-url", url, "--logic-app", APP, "--auto-approve")
            assert ran.code == 6, ran.err
            lines = [line for line in ran.out.splitlines() if line.startswith("  access package")]
            assert len(lines) == 3
            assert all(GUID.search(line) and "HTTP 403 UnAuthorized" in line for line in lines)
            assert len(catalogs(database)) == 3
        document = json.loads(FACTS.read_text())
        assert {each["kind"] for each in document["left"]} == {"access_package", "catalog"}
        assert not any(GUID.search(json.dumps(each)) for each in document["left"])

    def test_the_journal_of_another_tenant_is_left_alone(self, reconciler: CommandLine) -> None:
        begin(reconciler)
        with open_journal(JOURNAL) as journal:
            journal.begin(NAME, Target("99999999-0000-4000-8000-000000000001", "sandbox"))
            journal.created(NAME, OwnObject("catalog", FOREIGN_ID, NAME))
        assert "Note" not in reconciler("live-check", "--sandbox", "--logic-app", APP).err
        ran = reconciler("live-check", "--sandbox", "--clean")
        assert (ran.code, ran.out) == (0, NOTHING)
        assert (
            "Note: 1 live check in tenant 99999999-0000-4000-8000-000000000001 (sandbox) left"
            " objects; run the command again with the options for it."
        ) in ran.err.splitlines()

    def test_an_error_is_1_even_if_nothing_is_known_to_be_left(
        self, reconciler: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with served(reconciler.folder) as (url, _):
            with open_journal(JOURNAL) as journal:
                journal.begin(NAME, Target(LOOPBACK_TENANT, "127.0.0.1"))
                journal.creating(NAME, "catalog", NAME)
                journal.refused(NAME, "catalog", NAME)
            monkeypatch.setenv("RECONCILER_LOOPBACK_TOKEN", "another-token")
            ran = reconciler("live-check", "--graph-url", url, "--clean")
        assert ran.code == 1
        assert "HTTP 401" in ran.err


def test_the_url_of_the_trigger_is_read_where_it_may_be(reconciler: CommandLine) -> None:
    """The built-in seed has this Logic App; without its url no extension could be created."""
    reconciler("sandbox", "reset", "--set", "app_only_without_url=refuse")
    app = "/subscriptions/38ab2ccc-3747-4567-b36b-9478f5602f0d/resourceGroups/rg-identity"
    app += "/providers/Microsoft.Logic/workflows/la-notify-approvers"
    ran = reconciler("live-check", "--sandbox", "--logic-app", app, "--auto-approve")
    assert ran.code == 0, ran.err
    assert "Warning" not in ran.err
    switches = dict(pair.split("=") for pair in SET.findall(ran.out))
    assert (switches["app_only_without_url"], switches["put"]) == ("refuse", "replace")
    other = reconciler("live-check", "--sandbox", "--logic-app", APP, "--auto-approve")
    switches = dict(pair.split("=") for pair in SET.findall(other.out))
    assert switches["app_only_without_url"] == "refuse"
    assert "put" not in switches, "an unknown Logic App has no url to send"
    assert (
        f"Warning: the Logic App {APP} was not found, or this identity cannot read it" in other.err
    )
    assert "HTTP 404" in other.err
    assert "give --trigger-url" in other.err


def test_the_rehearsal_of_the_page_has_no_warning(reconciler: CommandLine) -> None:
    page = (ROOT / "docs/live-check.md").read_text()
    [command] = re.findall(r"^\$ reconciler (live-check .*)$", page, re.MULTILINE)
    reconciler("sandbox", "reset")
    ran = reconciler(*command.split())
    assert (ran.code, "Warning" in ran.err) == (0, False), ran.err
