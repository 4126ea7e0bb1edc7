"""The append-only journal of an apply: every attempt to write and its result. JSON lines, without
secrets.

Every line is in the file before the run continues. After a crash, a `sending` line without an
`answered` line of the same `client_request_id` is a write that was in flight.
"""

from __future__ import annotations

import json
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.errors import JournalError, UsageError
from reconciler.model.secrets import masked

_BINARY = getattr(os, "O_BINARY", 0)
"""Only Windows has text mode, which would change the ends of lines."""

Record = Callable[..., None]
"""`record(event, **members)` adds a line; `ignored` adds none, for a run without a journal."""


def ignored(_event: str, **_members: Any) -> None:
    """Records nothing."""


@contextmanager
def open_journal(file: Path | None) -> Iterator[Record]:
    """The function that adds lines to the file within the block; `ignored` without a file.

    Raises:
        UsageError: the file cannot be written.
    """
    if file is None:
        yield ignored
        return
    journal = Journal(file)
    try:
        yield journal.record
    finally:
        journal.close()


class Journal:
    """One file, appended to by any number of runs; each line names its run."""

    def __init__(self, file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Opens the file, or creates it if it does not exist.

        Raises:
            UsageError: it cannot be written.
        """
        self._file = file
        self._now = now
        self._run = str(uuid.uuid4())
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY, 0o644)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(
                f"The journal {file} cannot be written: {reason}.", hint="Choose another --journal."
            ) from error
        status = os.fstat(self._descriptor)
        self._on_disk = stat.S_ISREG(status.st_mode)
        # After a line that a crash truncated, ours must start on a new line.
        truncated = self._on_disk and status.st_size > 0 and self._last_byte() != b"\n"
        self._next_begins_with = "\n" if truncated else ""

    def _last_byte(self) -> bytes:
        os.lseek(self._descriptor, -1, os.SEEK_END)
        return os.read(self._descriptor, 1)

    def record(self, event: str, **members: Any) -> None:
        """Adds one line and waits until it is on disk.

        Raises:
            JournalError: it could not be added.
        """
        line = {
            "time": self._now().isoformat(timespec="milliseconds"),
            "run": self._run,
            "event": event,
            **members,
        }
        content = f"{self._next_begins_with}{json.dumps(masked(line), allow_nan=False)}\n".encode()
        try:
            # One call, so that lines of two runs do not mix. A pipe or a terminal does not support
            # fsync.
            written = os.write(self._descriptor, content)
            if self._on_disk:
                os.fsync(self._descriptor)
        except OSError as error:
            raise self._broken(error.strerror or str(error)) from error
        if written != len(content):
            raise self._broken("the disk is full")
        self._next_begins_with = ""

    def _broken(self, reason: str) -> JournalError:
        self._next_begins_with = "\n"
        return JournalError(
            f"The journal {self._file} cannot be written: {reason}.",
            hint=(
                "Writes that cannot be recorded are not sent. Free disk space, or choose another"
                " --journal."
            ),
        )

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)
