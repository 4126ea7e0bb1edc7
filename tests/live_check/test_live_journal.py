"""The journal of live checks: on disk before a create, for its owner only, and read back."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from checks import NAME, TARGET

from reconciler.errors import JournalError, UsageError
from reconciler.live_check.journal import MAX_BYTES, Target, open_journal
from reconciler.live_check.owned import OwnObject

CATALOG = OwnObject("catalog", "aaaaaaaa-0000-4000-8000-000000000001", NAME)
EXTENSION = OwnObject(
    "extension", "dddddddd-0000-4000-8000-000000000001", f"{NAME}-p2-1", CATALOG.id
)


def test_what_was_created_and_not_removed_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "live-check.jsonl"
    with open_journal(file) as journal:
        assert journal.runs == {}
        journal.begin(NAME, TARGET)
        journal.creating(NAME, "catalog", NAME)
        journal.created(NAME, CATALOG)
        journal.creating(NAME, "extension", EXTENSION.name)
        journal.created(NAME, EXTENSION)
    with open_journal(file) as journal:
        journal.begin(NAME, TARGET)
    with open_journal(file) as journal:
        past = journal.runs[NAME]
        assert past.catalogs == {NAME: 0}
        assert (past.target, past.has_left, past.unsure) == (TARGET, True, set())
        assert list(past.objects.values()) == [CATALOG, EXTENSION]
        journal.removed(NAME, EXTENSION)
    with open_journal(file) as journal:
        assert list(journal.runs[NAME].objects.values()) == [CATALOG]
        journal.ended(NAME)
    with open_journal(file) as journal:
        assert not journal.runs[NAME].has_left


@pytest.mark.parametrize(
    ("events", "unsure"),
    [
        (["creating"], {NAME}),
        (["creating", "created"], set()),
        (["creating", "refused"], set()),
        (["creating", "created", "creating"], {NAME}),
        (["creating", "created", "creating", "refused"], set()),
    ],
)
def test_a_create_without_a_clear_end_may_have_made_a_catalog(
    events: list[str], unsure: set[str], tmp_path: Path
) -> None:
    file = tmp_path / "live-check.jsonl"
    with open_journal(file) as journal:
        journal.begin(NAME, TARGET)
        for event in events:
            if event == "created":
                journal.created(NAME, CATALOG)
            else:
                getattr(journal, event)(NAME, "catalog", NAME)
    with open_journal(file) as journal:
        assert journal.runs[NAME].unsure == unsure


def test_each_line_is_on_disk_before_the_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, synced = tmp_path / "live-check.jsonl", list[int]()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(len(file.read_bytes().splitlines()))

    monkeypatch.setattr(os, "fsync", fsync)
    with open_journal(file) as journal:
        journal.begin(NAME, TARGET)
        journal.creating(NAME, "catalog", NAME)
        assert synced == [1, 2]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[1]["event"] == "creating"
    assert datetime.fromisoformat(lines[1]["time"]).tzinfo == UTC


@pytest.mark.parametrize("mode", [None, 0o644])
def test_only_its_owner_reads_it(mode: int | None, tmp_path: Path) -> None:
    file = tmp_path / "live-check.jsonl"
    if mode is not None:
        file.touch(mode)
    with open_journal(file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


class TestRefused:
    def test_a_run_of_another_tenant_under_the_same_name(self, tmp_path: Path) -> None:
        """Its objects would be looked for in the wrong tenant."""
        file = tmp_path / "live-check.jsonl"
        with open_journal(file) as journal:
            journal.begin(NAME, TARGET)
        with open_journal(file) as journal:
            journal.begin(NAME, TARGET)
            with pytest.raises(JournalError, match=f"names {NAME} in another tenant"):
                journal.begin(NAME, Target("11111111-0000-4000-8000-000000000001", "sandbox"))

    def test_a_symbolic_link(self, tmp_path: Path) -> None:
        file, target = tmp_path / "live-check.jsonl", tmp_path / "elsewhere"
        target.touch()
        file.symlink_to(target)
        with pytest.raises(UsageError, match="it is a symbolic link"), open_journal(file):
            pass
        assert target.read_bytes() == b""

    @pytest.mark.parametrize("kind", ["folder", "pipe"])
    def test_what_is_not_a_regular_file(self, kind: str, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        file.mkdir() if kind == "folder" else os.mkfifo(file)
        with pytest.raises(UsageError, match="cannot be used"), open_journal(file):
            pass

    def test_a_second_run(self, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        with open_journal(file):  # noqa: SIM117 - the second one is what fails
            with pytest.raises(JournalError, match="in use by another run"), open_journal(file):
                pass
        with open_journal(file):
            pass

    def test_a_missing_one_if_it_must_exist(self, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        with (
            pytest.raises(UsageError, match="no live check was started with it"),
            open_journal(file, must_exist=True),
        ):
            pass
        assert not file.exists()

    @pytest.mark.parametrize(
        "line",
        [
            "no JSON",
            "[]",
            "null",
            "{}",
            '{"run": "x", "event": "begin", "tenant_id": "", "host": ""}',
            f'{{"run": "{NAME}", "event": "ended"}}',
            '{"run": 1, "event": "ended"}',
        ],
    )
    def test_a_damaged_one(self, line: str, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        file.write_text(f"{line}\n")
        with pytest.raises(JournalError, match="is damaged: line 1"), open_journal(file):
            pass

    @pytest.mark.parametrize("content", [b"one line", b"first\nsecond", b"key: value\n"])
    def test_another_file_which_stays_as_it_is(self, content: bytes, tmp_path: Path) -> None:
        file = tmp_path / "notes.txt"
        file.write_bytes(content)
        file.chmod(0o644)
        with pytest.raises(JournalError, match="is damaged: line 1"), open_journal(file):
            pass
        assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (content, 0o644)

    def test_a_last_line_of_something_else(self, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        with open_journal(file) as journal:
            journal.begin(NAME, TARGET)
        content = file.read_bytes() + b"by hand"
        file.write_bytes(content)
        with pytest.raises(JournalError, match="is damaged: line 2"), open_journal(file):
            pass
        assert file.read_bytes() == content

    def test_one_that_is_too_large(self, tmp_path: Path) -> None:
        file = tmp_path / "large"
        with file.open("wb") as large:
            large.truncate(MAX_BYTES + 1)
        with pytest.raises(UsageError, match="it is larger than 16 MiB"), open_journal(file):
            pass
        assert file.stat().st_size == MAX_BYTES + 1

    @pytest.mark.parametrize(
        "members",
        [
            'CREATED "kind": "user", "name": "NAME", "id": "1", "parent_id": null',
            'CREATED "kind": "catalog", "name": "General", "id": "1", "parent_id": null',
            'CREATED "kind": "catalog", "name": "NAME", "id": "../x", "parent_id": null',
            'CREATED "kind": "catalog", "name": "NAME", "id": "1", "parent_id": "a/b"',
            '"event": "creating", "kind": "catalog", "name": "General"',
            '"event": "renamed", "kind": "catalog", "name": "NAME"',
        ],
    )
    def test_one_that_names_something_else(self, members: str, tmp_path: Path) -> None:
        file = tmp_path / "live-check.jsonl"
        with open_journal(file) as journal:
            journal.begin(NAME, TARGET)
        members = members.replace("NAME", NAME).replace("CREATED", '"event": "created",')
        with file.open("a") as lines:
            lines.write(f'{{"run": "{NAME}", {members}}}\n')
        with pytest.raises(JournalError, match="is damaged: line 2"), open_journal(file):
            pass


@pytest.mark.parametrize("size_bytes", [0, 5, 40])
@pytest.mark.parametrize("zeros", [b"", bytes(30)])
def test_a_line_that_a_crash_truncated_is_dropped(
    zeros: bytes, size_bytes: int, tmp_path: Path
) -> None:
    """After a power loss, zeros may follow it."""
    file = tmp_path / "live-check.jsonl"
    with open_journal(file) as journal:
        journal.begin(NAME, TARGET)
        journal.creating(NAME, "catalog", NAME)
    first, last = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + last[:size_bytes] + zeros)
    with open_journal(file) as journal:
        assert not journal.runs[NAME].has_left
        journal.creating(NAME, "catalog", NAME)
    with open_journal(file) as journal:
        assert journal.runs[NAME].unsure == {NAME}


def test_what_cannot_be_recorded_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with open_journal(tmp_path / "live-check.jsonl") as journal:
        journal.begin(NAME, TARGET)
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left on device"):
            journal.creating(NAME, "catalog", NAME)


def test_a_line_that_could_be_written_in_part_only_does_not_damage_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, write = tmp_path / "live-check.jsonl", os.write
    with open_journal(file) as journal:
        journal.begin(NAME, TARGET)
        journal.created(NAME, CATALOG)
        journal.created(NAME, EXTENSION)
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", lambda to, content: write(to, content[:20]))
            with pytest.raises(JournalError, match="the disk is full"):
                journal.removed(NAME, EXTENSION)
        journal.removed(NAME, CATALOG)
    with open_journal(file) as journal:
        assert list(journal.runs[NAME].objects.values()) == [EXTENSION]
