"""Files that one run at a time appends lines to: journals. Each line is on disk before the run
continues.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from reconciler.errors import JournalError, ReconcilerError

try:
    import fcntl
except ImportError:  # Windows: two runs must not share a journal there
    fcntl = None  # type: ignore[assignment]

_BINARY = getattr(os, "O_BINARY", 0)
"""Only Windows has text mode, which would change the ends of lines."""
NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""The flag of a file that must not be a symbolic link."""

Unlockable = Callable[[OSError], ReconcilerError]
"""The error for a file system that has no locks."""


def open_locked(file: Path, unlockable: Unlockable, *, mode: int = 0o644, flags: int = 0) -> int:
    """The descriptor of the file, open for reading and appending; a regular one is locked.

    A file that does not exist is created with `mode`.

    Raises:
        OSError: it cannot be opened.
        JournalError: another run holds the lock.
    """
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY | flags, mode)
        try:
            if not is_on_disk(descriptor) or _lock(descriptor, file, unlockable):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def is_on_disk(descriptor: int) -> bool:
    """True for a regular file; a pipe or a terminal says nothing and does not support fsync."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def append(descriptor: int, content: bytes, *, on_disk: bool) -> None:
    """Adds the content, and waits until it is on disk.

    Raises:
        OSError: it could not be added, or only a part of it.
    """
    # One call, so that a line is torn in one place only.
    written = os.write(descriptor, content)
    if on_disk:
        os.fsync(descriptor)
    if written != len(content):
        raise OSError("the disk is full")


def _lock(descriptor: int, file: Path, unlockable: Unlockable) -> bool:
    """True once it is locked; False if another run has replaced the file in the meantime."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalError(
            f"The journal {file} is in use by another run. Nothing was written.",
            hint=(
                "Wait until that run has ended. Only a run for another tenant can have another"
                " journal at the same time (--journal)."
            ),
        ) from error
    except OSError as error:
        raise unlockable(error) from error
    return os.path.samestat(os.fstat(descriptor), file.stat())
