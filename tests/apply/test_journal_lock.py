"""One run at a time writes to a journal, whatever kind of file it is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from journals import BEGIN, unsettled_in, write_line, written

from reconciler import locked as module
from reconciler.apply.journal import Journal
from reconciler.errors import JournalError, UsageError

SENDING = ("sending", write_line(body={}))


def test_a_second_run_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    first = Journal(file)
    with pytest.raises(
        JournalError, match=f"The journal {file} is in use by another run"
    ) as caught:
        Journal(file)
    assert caught.value.exit_code == 1
    assert caught.value.hint and "Wait" in caught.value.hint and "--journal" in caught.value.hint
    first.record("begin", **BEGIN)
    first.close()
    Journal(file).close()


def test_a_killed_run_holds_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    holding = (
        "import sys, time; from pathlib import Path; from reconciler.apply.journal import Journal;"
        "journal = Journal(Path(sys.argv[1])); print('locked', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holding, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(JournalError, match="in use"):
            Journal(file)
        process.send_signal(signal.SIGKILL)
    Journal(file).close()


def test_a_link_to_a_journal_is_the_same_journal(tmp_path: Path) -> None:
    file, link = tmp_path / "journal.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(file)
    written(link, SENDING)
    assert link.is_symlink()
    assert unsettled_in(file) == [("create", "a")]
    first = Journal(file)
    with pytest.raises(JournalError, match="in use"):
        Journal(link)
    first.close()


def test_a_journal_that_was_replaced_before_it_was_locked_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, newer = tmp_path / "journal.jsonl", tmp_path / "newer.jsonl"
    written(newer, SENDING)
    file.touch()
    locked: list[int] = []
    real = module.fcntl.flock

    def replaced_first(descriptor: int, operation: int) -> None:
        if not locked:
            newer.rename(file)  # as another run does that trims the journal
        locked.append(descriptor)
        real(descriptor, operation)

    monkeypatch.setattr(module.fcntl, "flock", replaced_first)
    assert unsettled_in(file) == [("create", "a")]
    assert len(locked) == 2


def test_a_journal_is_closed_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text("damaged\n")
    descriptors = Path("/proc/self/fd")  # empty where the system has no such folder
    before = len(list(descriptors.glob("*")))
    for _ in range(3):
        with pytest.raises(JournalError, match="Line 1"):
            Journal(file)
    file.write_text("")
    first = Journal(file)
    for _ in range(3):
        with pytest.raises(JournalError, match="in use"):
            Journal(file)
    first.close()
    assert len(list(descriptors.glob("*"))) == before


def test_a_file_system_without_locks_is_an_error_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(_descriptor: int, _operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(module.fcntl, "flock", unsupported)
    with pytest.raises(UsageError, match="cannot be locked: Operation not supported") as caught:
        Journal(tmp_path / "journal.jsonl")
    assert caught.value.hint and "--no-journal" in caught.value.hint


def test_a_device_is_written_and_not_read() -> None:
    file = Path("/dev/null")
    first, second = Journal(file), Journal(file)
    first.record("begin", **BEGIN)
    second.record("begin", **BEGIN)
    assert (first.history.unsettled, second.history.unsettled) == ((), ())
    first.close()
    second.close()
    assert not file.is_file()


OF_ANOTHER_USER = """
import os, sys
from reconciler.apply.journal import Journal
from reconciler.errors import UsageError
from reconciler.settings import DEFAULT_JOURNAL
from pathlib import Path
os.setgid(65534)
os.setuid(65534)
for file in (DEFAULT_JOURNAL, Path("journal.jsonl")):
    try:
        Journal(file)
    except UsageError as error:
        print(error, error.hint)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_in_a_folder_of_somebody_else_the_way_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").touch()
    command = [sys.executable, "-c", OF_ANOTHER_USER]
    ended = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    default, existing = ended.stdout.splitlines()
    for line in (default, existing):
        assert "cannot be written: Permission denied. Nothing was written." in line
        assert "--no-journal" in line
