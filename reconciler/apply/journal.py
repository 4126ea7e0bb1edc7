"""The append-only journal of an apply: every attempt to write and its result. JSON lines, without
secrets.

Every line is in the file before the run continues. A later run reads it back: a write that was sent
and has no clear outcome is looked for before anything else is planned (`apply/settle.py`). While a
run uses a journal, it holds an exclusive lock on it.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.apply.history import (
    AFTER_TORN_LINE,
    MAX_BYTES,
    History,
    SentWrite,
    Span,
    read_history,
)
from reconciler.errors import JournalError, UsageError
from reconciler.files import UNSUITABLE, is_unsuitable, make_own_folder, replace
from reconciler.locked import append, is_on_disk, open_locked
from reconciler.model.json_values import json_text
from reconciler.model.secrets import masked
from reconciler.settings import DEFAULT_JOURNAL

log = logging.getLogger("reconciler.apply")

Record = Callable[..., None]
"""`record(event, **members)` adds a line; `ignored` adds none, for a run without a journal."""


def ignored(_event: str, **_members: Any) -> None:
    """Records nothing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The journal of this run: `record` adds a line, `unsettled` are the writes of earlier runs
    that it shows as sent and not as settled.
    """

    record: Record = ignored
    unsettled: tuple[SentWrite, ...] = ()


@contextmanager
def open_journal(file: Path | None) -> Iterator[Kept]:
    """The journal in the file, locked within the block; an empty one without a file.

    Raises:
        UsageError: the file cannot be written.
        JournalError: another run uses it, or it is damaged.
    """
    if file is None:
        yield Kept()
        return
    journal = Journal(file)
    try:
        yield Kept(journal.record, journal.history.unsettled)
    finally:
        journal.close()


class Journal:
    """One file, appended to by one run after the other; each line names its run. `history` is what
    it says of earlier runs; a device or an open pipe says nothing.
    """

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Opens the file and locks it, or creates it if it does not exist.

        Raises:
            UsageError: it cannot be written.
            JournalError: another run uses it, or it is damaged.
        """
        self._file = file
        self._now = now
        self._run = str(uuid.uuid4())
        try:
            self._descriptor, self.history = _opened(file)
        except (OSError, ValueError) as error:
            raise _unusable(f"The journal {file} cannot be written", error) from error
        self._on_disk = is_on_disk(self._descriptor)
        self._after_torn_line = self.history.torn

    def record(self, event: str, **members: Any) -> None:
        """Adds one line and waits until it is on disk.

        Raises:
            JournalError: it could not be added.
        """
        torn = {AFTER_TORN_LINE: True} if self._after_torn_line else {}
        line = {
            "time": self._now().isoformat(timespec="milliseconds"),
            "run": self._run,
            "event": event,
            **torn,
            **members,
        }
        begins_with = "\n" if torn else ""
        content = f"{begins_with}{json_text(masked(line))}\n".encode()
        try:
            append(self._descriptor, content, on_disk=self._on_disk)
        except OSError as error:
            raise self._broken(error.strerror or str(error)) from error
        self._after_torn_line = False

    def _broken(self, reason: str) -> JournalError:
        self._after_torn_line = True
        return JournalError(
            f"The journal {self._file} cannot be written: {reason}.",
            hint=(
                "Writes that cannot be recorded are not sent. Free disk space, choose another file"
                " with --journal, or keep no journal with --no-journal."
            ),
        )

    def close(self) -> None:
        """Closes the file, which unlocks it."""
        os.close(self._descriptor)


def _unusable(what: str, error: OSError | ValueError) -> UsageError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return UsageError(
        f"{what}: {reason}. Nothing was written.",
        hint="Choose another file with --journal, or keep no journal with --no-journal.",
    )


def _opened(file: Path) -> tuple[int, History]:
    """The file, open and locked, and what it says; a large one is trimmed first."""
    descriptor = _locked(file)
    try:
        if not is_on_disk(descriptor):
            return descriptor, History()
        with open(descriptor, "rb", closefd=False) as lines:
            lines.seek(0)
            history = read_history(lines, file)
            content = _trimmed(lines, history)
        if content is None or not _is_replaced(file, content):
            return descriptor, history
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return _opened(file)


def _locked(file: Path) -> int:
    """The file, open for reading and appending; a regular one is locked."""
    if is_unsuitable(file):
        raise OSError(None, UNSUITABLE)
    if file == DEFAULT_JOURNAL:
        make_own_folder(file.parent)
    what = f"The journal {file} cannot be locked"
    return open_locked(file, lambda error: _unusable(what, error))


def _trimmed(lines: Any, history: History) -> bytes | None:
    """The content without its oldest settled runs; None if the journal stays as it is."""
    size_bytes = lines.seek(0, os.SEEK_END)
    kept = history.kept() if size_bytes > MAX_BYTES else history.spans
    if kept == history.spans:
        return None
    return b"".join(_content(lines, span) for span in kept)


def _content(lines: Any, span: Span) -> bytes:
    lines.seek(span.start)
    content: bytes = lines.read(span.end - span.start)
    return content if content.endswith(b"\n") else content + b"\n"


def _is_replaced(file: Path, content: bytes) -> bool:
    """True once the file has this content; a journal that cannot be replaced only stays large."""
    try:
        replace({file: content})
    except UsageError as error:
        log.warning("The journal %s was not trimmed: %s", file, error)
        return False
    return True
