"""What a journal says, line by line: which writes are unsettled, what is damage, what may go."""

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from journals import BEGIN, PARENTS, unsettled_in, write_line, written
from tiers import sample

from reconciler.apply import history
from reconciler.apply.journal import Journal, open_journal
from reconciler.errors import JournalError

SENDING = ("sending", write_line(body={"displayName": "a"}))
OUTCOME = write_line(object_id="e-1")


def answered(verdict: str) -> tuple[str, dict[str, Any]]:
    return "answered", write_line(verdict=verdict, error=None)


def outcome(status: str) -> tuple[str, dict[str, Any]]:
    return "outcome", {**OUTCOME, "status": status}


@pytest.mark.parametrize(
    ("events", "is_open"),
    [
        ([SENDING], True),
        ([SENDING, answered("accepted")], True),
        ([SENDING, answered("unclear")], True),
        ([SENDING, ("answered", write_line(error=None))], True),
        ([SENDING, answered("throttled")], False),
        ([SENDING, answered("unauthorized")], False),
        ([SENDING, answered("refused")], False),
        ([SENDING, answered("not_sent")], False),
        ([SENDING, answered("throttled"), SENDING], True),
        ([SENDING, answered("unclear"), SENDING, answered("refused")], True),
        ([SENDING, answered("refused"), SENDING, answered("refused")], False),
        ([SENDING, answered("accepted"), outcome("done")], False),
        ([SENDING, answered("accepted"), outcome("failed")], False),
        ([SENDING, answered("accepted"), outcome("unknown")], True),
        ([SENDING, answered("refused"), outcome("unknown")], False),
        ([outcome("done"), SENDING], True),
        ([SENDING, ("outcome", write_line(name="b", status="done"))], True),
        ([SENDING, ("outcome", write_line("update", status="done"))], True),
        ([SENDING, ("an event of a later version", {})], True),
        ([], False),
    ],
    ids=str,
)
def test_a_write_is_open_until_nothing_or_everything_is_known_of_it(
    events: list[Any], is_open: bool, tmp_path: Path
) -> None:
    file = written(tmp_path / "journal.jsonl", *events)
    assert unsettled_in(file) == ([("create", "a")] if is_open else [])


def test_updates_of_two_objects_of_one_name_are_two_writes(tmp_path: Path) -> None:
    sending = ("sending", write_line("update", object_id="e-1", body={}))
    other = ("outcome", write_line("update", object_id="e-2", status="done"))
    file = written(tmp_path / "journal.jsonl", sending, other)
    assert unsettled_in(file) == [("update", "a")]


def test_a_settled_line_settles_the_write_of_the_run_that_it_names(tmp_path: Path) -> None:
    file = written(tmp_path / "journal.jsonl", SENDING)
    (first,) = {json.loads(line)["run"] for line in file.read_text().splitlines()}
    written(file, SENDING, ("settled", write_line(of_run="another")))
    assert unsettled_in(file) == [("create", "a")] * 2
    written(file, ("settled", write_line(of_run=first)))
    with open_journal(file) as kept:
        assert [write.run == first for write in kept.unsettled] == [False]


def line(**members: Any) -> str:
    return json.dumps({"time": "t", "run": "r", "event": "sending", **write_line(), **members})


BEGUN = json.dumps({"time": "t", "run": "r", "event": "begin", **BEGIN})
DAMAGE = {
    "not JSON": "catalog: Marketing",
    "an array": "[]",
    "no run": json.dumps({"event": "begin"}),
    "no event": json.dumps({"run": "r"}),
    "a number": line(body=1).replace("1}", "NaN}"),
    "no tenant": json.dumps({"run": "r", "event": "begin", "graph_url": "sandbox"}),
    "another run": line(run="never begun"),
    "no object": line(object=None),
    "no parents": line(parents=None),
    "a parent without an id": line(parents=[{**PARENTS[0], "id": None}]),
    "a path for an id": line(parents=[{**PARENTS[0], "id": ".."}]),
    "an escape in an id": line(object={"id": "\x1b[2J", "display_name": "a"}),
    "a number for a name": line(object={"id": None, "display_name": 5}),
    "settled without a run": line(event="settled"),
    "a byte that is not UTF-8": "\udcff",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("followed", [True, False])
def test_a_damaged_line_is_named_by_its_number(damage: str, followed: bool, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    lines = [BEGUN, damage, *([BEGUN] if followed else [])]
    file.write_bytes("\n".join([*lines, ""]).encode(errors="surrogateescape"))
    before = file.read_bytes()
    with pytest.raises(JournalError, match=f"Line 2 of the journal {file} is damaged") as caught:
        Journal(file)
    assert "Nothing was written" in str(caught.value)
    assert caught.value.hint and "move the file away" in caught.value.hint
    assert file.read_bytes() == before


@pytest.mark.parametrize("after", ["", f"{BEGUN}\n", f"{BEGUN}\n{BEGUN[:20]}"])
def test_a_torn_line_in_the_middle_is_damage_unless_the_next_one_says_so(
    after: str, tmp_path: Path
) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text(f"{BEGUN}\n{BEGUN[:20]}\n{after}")
    with pytest.raises(JournalError, match=r"Line 2 .* it is not whole"):
        Journal(file)


def test_a_line_of_any_length_and_depth_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_LINE_BYTES", 10_000)
    file = tmp_path / "journal.jsonl"
    file.write_text(f"{BEGUN}\n{line(body='x' * 10_000)}\n")
    with pytest.raises(JournalError, match=r"Line 2 .* is longer than"):
        Journal(file)
    file.write_text(f"{BEGUN}\n{line(body=0).replace('0}', '[' * 4_000 + ']' * 4_000 + '}')}\n")
    with pytest.raises(JournalError, match="Line 2"):
        Journal(file)


WHOLE = line(body={"displayName": "Zugriff 承認"})


@pytest.mark.parametrize(
    "length",
    sample(range(len(WHOLE) + 1), lambda length: length % 40 < 2 or length >= len(WHOLE) - 1),
)
def test_wherever_a_crash_tears_a_line_the_journal_goes_on(length: int, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text(f"{BEGUN}\n{WHOLE[:length]}")
    assert len(unsettled_in(file)) == (length == len(WHOLE))
    for _ in range(2):
        written(file, SENDING)
    assert len(unsettled_in(file)) == 2 + (length == len(WHOLE))
    assert file.read_text().startswith(f"{BEGUN}\n{WHOLE[:length]}\n" if length else f"{BEGUN}\n")


def test_zeros_after_a_power_loss_are_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    for zeros in (b"\0" * 50, b'{"time": "20\0\0\0'):
        file.write_bytes(f"{BEGUN}\n".encode() + zeros)
        written(file, SENDING)
        assert unsettled_in(file) == [("create", "a")]


def test_a_line_that_a_full_disk_has_torn_is_no_damage(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    journal = Journal(file)
    journal.record("begin", **BEGIN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 20, limits[1]))
    try:
        with pytest.raises(JournalError, match="the disk is full"):
            journal.record(SENDING[0], **SENDING[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.record(SENDING[0], **SENDING[1])
    journal.close()
    assert len(file.read_text().splitlines()) == 3
    assert unsettled_in(file) == [("create", "a")]


def test_two_torn_lines_in_a_row_are_no_damage(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text(f"{BEGUN}\n{BEGUN[:20]}\n{BEGUN[:15]}")
    written(file, SENDING)
    assert unsettled_in(file) == [("create", "a")]


@pytest.mark.parametrize("content", ["token-of-somebody", "catalog: Marketing\n", '{"a": 1}', "x"])
def test_a_file_that_is_no_journal_is_not_appended_to(content: str, tmp_path: Path) -> None:
    file = tmp_path / "state.yaml"
    file.write_text(content)
    with pytest.raises(JournalError, match="Line 1"):
        Journal(file)
    assert file.read_text() == content


def run_lines(run: str, *events: tuple[str, dict[str, Any]]) -> str:
    """The lines of a whole run."""
    begin = ("begin", BEGIN)
    lines = [{"time": "t", "run": run, "event": e, **members} for e, members in (begin, *events)]
    return "".join(f"{json.dumps(each)}\n" for each in lines)


def runs_in(file: Path) -> list[str]:
    """The runs of the lines, each once, in order."""
    return list(dict.fromkeys(json.loads(each)["run"] for each in file.read_text().splitlines()))


BULKY = ("sending", write_line(name="bulky", body={"description": "x" * 100_000}))
SETTLED = ("outcome", write_line(name="bulky", object_id="e-1", status="done"))


def test_a_large_journal_loses_its_oldest_settled_runs(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    old = [f"old {number}" for number in range(60)]
    file.write_text(
        run_lines("unsettled", SENDING, BULKY, SETTLED)
        + run_lines("settles", ("settled", write_line(name="other", of_run="unsettled")))
        + run_lines("settles it", ("settled", write_line(name="more", of_run="settles")))
        + "".join(run_lines(run, BULKY, SETTLED) for run in old)
    )
    file.chmod(0o600)
    assert unsettled_in(file) == [("create", "a")]
    kept = runs_in(file)
    assert kept[:3] == ["unsettled", "settles", "settles it"]
    assert kept[3:] == old[-len(kept[3:]) :]
    assert history.KEPT_BYTES - 200_000 < file.stat().st_size <= history.KEPT_BYTES
    assert file.stat().st_mode & 0o777 == 0o600
    assert unsettled_in(file) == [("create", "a")]
    assert runs_in(file) == kept, "a small one is left alone"
    assert list(tmp_path.iterdir()) == [file]


def test_unsettled_writes_are_kept_however_large_the_journal_is(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    runs = [f"run {number}" for number in range(50)]
    file.write_text("".join(run_lines(run, BULKY) for run in runs))
    assert file.stat().st_size > history.MAX_BYTES
    assert len(unsettled_in(file)) == len(runs)
    assert runs_in(file) == runs


def test_trimming_follows_a_link_and_what_cannot_be_replaced_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    target.write_text("".join(run_lines(str(number), BULKY, SETTLED) for number in range(60)))
    whole = target.read_text()
    link.symlink_to(target)
    target.chmod(0o444)  # root can open it all the same
    if os.access(target, os.W_OK):
        assert unsettled_in(link) == []
        assert "was not trimmed" in caplog.text
        assert target.read_text() == whole
    target.chmod(0o644)
    assert unsettled_in(link) == []
    assert link.is_symlink()
    assert target.stat().st_size <= history.KEPT_BYTES


@pytest.mark.thorough
def test_a_journal_of_100_megabytes_is_read_in_bounded_time(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    usual = ("sending", write_line(name="usual", body={"description": "x" * 400}))
    ended = ("outcome", write_line(name="usual", object_id="e-1", status="done"))
    content = run_lines("unsettled", SENDING)
    with file.open("w") as opened:
        for number in range(1_100):
            content += run_lines(f"run {number}", *[usual, ended] * 100)
            opened.write(content)
            content = ""
    assert file.stat().st_size > 100_000_000
    began = time.process_time()
    assert unsettled_in(file) == [("create", "a")]
    assert time.process_time() - began < 60
    assert file.stat().st_size <= history.KEPT_BYTES
