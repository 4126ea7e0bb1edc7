"""The append-only record: every write is in it before it leaves and after, and nothing leaves that
it cannot hold.
"""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from harness import URL, CommandLine, catalog, declare, extension, tenant
from objects import KINDS, explained

from reconciler.apply.journal import Journal, open_journal
from reconciler.apply.run import Run, apply_plan
from reconciler.errors import AuthenticationError, JournalError, UsageError
from reconciler.model.json_values import Digits
from reconciler.model.plan import Outcome
from reconciler.settings import DEFAULT_LOOPBACK_TOKEN

SIGNATURE = "dGhpcy1pcy1hLXNlY3JldC1zaWduYXR1cmU"
TARGET = {"tenant_id": "t", "graph_url": "sandbox"}
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def recorded(
    folder: Path, record: Any, *faults: Any, wanted: str = "a"
) -> tuple[list[Outcome], list[Any], list[str]]:
    """Creates extensions of these names: the outcomes, what is live, and the paths of all POSTs."""
    posts: list[str] = []

    @web.middleware
    async def counted(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST":
            posts.append(request.path)
        return await handler(request)

    async def story() -> tuple[list[Outcome], list[Any]]:
        declare(
            folder / "desired",
            {"catalog": "Marketing", "extensions": [extension(name) for name in wanted]},
        )
        async with tenant(folder, catalog(), faults=[counted, *faults]) as held:
            plan = await held.plan(folder / "desired")
            outcomes = await apply_plan(plan, Run(held.graph, KINDS, held.sleep, record=record))
            return list(outcomes), held.store.extensions()

    return *asyncio.run(story()), posts


def test_numbers_are_recorded_with_their_digits(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(file)
    journal.record("altered", before={"a": [Digits("1.10")], "b": Digits("1E+2"), "c": 7})
    journal.close()
    assert '"before": {"a": [1.10], "b": 1E+2, "c": 7}' in file.read_text()


def test_before_and_after_every_attempt_there_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    seen_before_the_write: list[list[str]] = []
    answers = iter([429])

    @web.middleware
    async def throttled_once(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST":
            seen_before_the_write.append([line["event"] for line in lines(file)])
            status = next(answers, None)
            if status:
                return web.Response(status=status, headers={"Retry-After": "1"})
        return await handler(request)

    with open_journal(file) as kept:
        (outcome,), live, _ = recorded(tmp_path, kept.record, throttled_once)
    first, refused, second, answered, ended = lines(file)
    assert seen_before_the_write == [["sending"], ["sending", "answered", "sending"]]
    assert [line["event"] for line in (first, refused, second, answered, ended)] == [
        "sending",
        "answered",
        "sending",
        "answered",
        "outcome",
    ]
    assert len({line["client_request_id"] for line in (first, refused, second, answered)}) == 1
    assert len({line["run"] for line in lines(file)}) == 1
    assert first["body"]["displayName"] == "a"
    assert (first["method"], first["action"], first["parents"][0]["display_name"]) == (
        "POST",
        "create",
        "Marketing",
    )
    assert "HTTP 429" in refused["error"] and refused["request_id"]
    assert (refused["verdict"], answered["verdict"]) == ("throttled", "accepted")
    assert (answered["error"], answered["request_id"]) == (None, outcome.request_id)
    assert (ended["status"], ended["object"]["id"]) == ("done", live[0]["id"])


def test_runs_are_added_one_after_the_other_and_a_line_cut_short_swallows_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "journal.jsonl"
    for number in range(2):
        with open_journal(file) as kept:
            kept.record("begin", number=number, **TARGET)
    with file.open("a") as other:
        other.write('{"time": "cut sho')
    journal = Journal(file, now=lambda: NOW)
    journal.record("begin", number=2, **TARGET)
    journal.record("begin", number=3, **TARGET)
    journal.close()
    first, second, cut, third, fourth = file.read_text().splitlines()
    assert [json.loads(line)["number"] for line in (first, second, third, fourth)] == [0, 1, 2, 3]
    assert cut == '{"time": "cut sho'
    assert json.loads(third)["time"] == "2026-01-02T03:04:05.678+00:00"


def test_no_signature_reaches_the_file(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    with open_journal(file) as kept:
        kept.record(
            "sending", body={"endpointConfiguration": {"url": f"{URL}&sig={SIGNATURE}", "x": "eyJ"}}
        )
    assert SIGNATURE not in file.read_text()
    assert lines(file)[0]["body"]["endpointConfiguration"] == {"url": f"{URL}&sig=***", "x": "eyJ"}


@pytest.mark.parametrize("broken_at", [1, 2, 3])
def test_what_cannot_be_recorded_is_not_sent_and_what_was_sent_is_reported(
    broken_at: int, tmp_path: Path
) -> None:
    count = iter(range(1, 100))

    def full_disk(_event: str, **_members: Any) -> None:
        if next(count) >= broken_at:
            raise JournalError("no space left")

    outcomes, live, posts = recorded(tmp_path, full_disk, wanted="ab")
    assert len(posts) == (0 if broken_at == 1 else 1) == len(live)
    assert [outcome.status for outcome in outcomes] == [
        ["failed", "unknown", "done"][broken_at - 1],
        "skipped",
    ]
    assert explained(outcomes[1]) == "the journal could not be written earlier in this run"


def test_a_real_full_disk_is_reported(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with open_journal(full) as kept, pytest.raises(JournalError, match="No space left"):
        kept.record("begin")


@pytest.mark.parametrize("place", [".", "nowhere/journal.jsonl", "a\0b"])
def test_a_journal_that_cannot_be_opened_is_refused_before_anything_else(
    place: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="cannot be written"), open_journal(tmp_path / place):
        pass


def test_a_journal_may_be_a_pipe(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    with open_journal(Path(f"/dev/fd/{theirs}")) as kept:
        kept.record("begin")
    os.close(theirs)
    with os.fdopen(ours) as reader:
        assert json.loads(reader.read())["event"] == "begin"


def test_apply_keeps_it_for_a_fresh_and_for_a_saved_plan(reconciler: CommandLine) -> None:
    reconciler.seed(catalog(extensions=[extension("b")]))
    wanted = [extension("a"), extension("b", description="new")]
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": wanted})
    planned = reconciler("plan", "--sandbox", "--format", "json").document
    assert (
        reconciler("apply", "--sandbox", "--auto-approve", "--journal", "journal.jsonl").code == 0
    )
    begin, *rest = lines(Path("journal.jsonl"))
    assert begin["event"] == "begin"
    assert begin["digest"] == planned["digest"]
    assert begin["pending"] == 2
    assert [line["event"] for line in rest] == ["sending", "answered", "outcome"] * 2
    declare(
        Path("desired_state"),
        {"catalog": "Marketing", "extensions": [extension("a", description="newer")]},
    )
    assert reconciler("plan", "--sandbox", "--out", "plan.json").code == 0
    assert (
        reconciler("apply", "--sandbox", "--plan", "plan.json", "--journal", "journal.jsonl").code
        == 0
    )
    assert [line["event"] for line in lines(Path("journal.jsonl"))].count("begin") == 2


def test_a_journal_that_fails_midway_ends_the_run_with_an_error(reconciler: CommandLine) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    reconciler.seed(catalog())
    declare(Path("desired_state"), {"catalog": "Marketing", "extensions": [extension("a")]})
    ended = reconciler("apply", "--sandbox", "--auto-approve", "--journal", "/dev/full")
    assert ended.code == 1, ended.err
    assert reconciler.live() == []
    assert "The journal /dev/full cannot be written: No space left on device." in ended.err
    unwritable = reconciler("apply", "--sandbox", "--auto-approve", "--journal", "nowhere/journal")
    assert unwritable.code == 1, unwritable.err
    assert "nowhere/journal cannot be written" in unwritable.err


class ExpiringToken:
    """A token that expires when `expired` is set, and cannot be renewed."""

    expired = False

    async def token(self) -> str:
        """The token."""
        if self.expired:
            raise AuthenticationError("The session has ended.")
        return DEFAULT_LOOPBACK_TOKEN

    def forget(self, _token: str, _claims: str | None = None) -> None:
        """Nothing is renewed."""


def test_a_write_for_which_there_is_no_token_was_not_sent(tmp_path: Path) -> None:
    # The session ends during the check: the permit still had a token, the write has none.
    tokens = ExpiringToken()
    reads: list[str] = []

    @web.middleware
    async def expiring(request: web.Request, handler: Any) -> web.StreamResponse:
        reads.append(request.path)
        tokens.expired = len(reads) == 3  # catalogs, extensions, and the check
        return await handler(request)

    async def story() -> Outcome:
        declare(tmp_path / "desired", {"catalog": "Marketing", "extensions": [extension("a")]})
        async with tenant(tmp_path, catalog(), faults=[expiring], tokens=tokens) as held:
            plan = await held.plan(tmp_path / "desired")
            with open_journal(tmp_path / "journal.jsonl") as kept:
                run = Run(held.graph, KINDS, held.sleep, record=kept.record)
                (outcome,) = await apply_plan(plan, run)
                return outcome

    outcome = asyncio.run(story())
    written = lines(tmp_path / "journal.jsonl")
    assert outcome.status == "failed", explained(outcome)
    assert [line["event"] for line in written] == ["sending", "answered", "outcome"]
    assert written[1]["verdict"] == "not_sent"
    assert written[1]["error"] == "The session has ended."
