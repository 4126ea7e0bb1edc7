"""File → text, within a size limit and without blocking on a pipe or a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reconciler.model.diagnostic import Diagnostic, SourceLocation, of_path
from reconciler.model.fault import printable
from reconciler.model.secrets import learn

SIZE_LIMIT_BYTES = 1024 * 1024
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
"""Opening must not wait for the writer of a pipe, nor acquire a terminal; not every system has
these flags.
"""


def shown(path: Path) -> str:
    """The path as messages name it: relative to the working folder, with `/`, always printable."""
    try:
        relative = os.path.relpath(path)
    except (
        OSError,
        ValueError,
    ):  # the working folder no longer exists; or another drive, on Windows
        relative = str(path)
    return printable(relative.replace(os.sep, "/"))


def read_text(path: Path, name: str) -> tuple[str, Diagnostic | None]:
    """The text of a file; or "" with R001, R004 or R005 for that name. Secrets in the text are
    learned.

    Only a regular file is read, at most one byte more than the limit: a pipe or a device is
    rejected before it blocks.
    """
    place = of_path(name)
    try:
        content = _read_bytes(path)
    except (OSError, ValueError) as error:
        hint = "Check that it exists, is a regular file, and is readable."
        return "", Diagnostic(
            "R001", "error", f"The file cannot be read: {reason(error)}.", hint, place
        )
    if len(content) > SIZE_LIMIT_BYTES:
        return "", Diagnostic(
            "R004", "error", "The file is larger than 1 MiB.", "Split it into several files.", place
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return "", _encoding_fault(place.file, content, error.start)
    learn(text)
    return text, None


def _read_bytes(path: Path) -> bytes:
    descriptor = os.open(path, _OPEN_FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is not a regular file")
        if status.st_size > SIZE_LIMIT_BYTES:
            return bytes(SIZE_LIMIT_BYTES + 1)
        return file.read(SIZE_LIMIT_BYTES + 1)


def _encoding_fault(file: str, content: bytes, position: int) -> Diagnostic:
    hint = "Save the file as UTF-8."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Diagnostic("R005", "error", "The file is UTF-16, not UTF-8.", hint, of_path(file))
    before = content[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
    place = SourceLocation(file, before.count(b"\n") + 1, column)
    return Diagnostic(
        "R005", "error", f"The file is not UTF-8: byte 0x{content[position]:02X}.", hint, place
    )


def reason(error: Exception) -> str:
    """The error of the operating system, as the end of a sentence and without the path."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(text[:1].lower() + text[1:])
