r"""stdout and stderr that accept any character, and may be closed, full or without a reader.

| problem                             | stdout                             | stderr             |
|-------------------------------------|------------------------------------|--------------------|
| a character outside of the encoding | is escaped (`\u2013`)              | the same           |
| closed, or its reader has ended     | nothing is printed; same exit code | nothing is printed |
| full, or any other error            | `OutputError`: result is truncated | nothing is printed |
"""

from __future__ import annotations

import errno
import io
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, TextIO

from reconciler.errors import OutputError

_ERRORS = "backslashreplace"


@contextmanager
def robust_streams() -> Iterator[None]:
    """Replaces `sys.stdout` and `sys.stderr` within the block, as in the table above; click prints
    to them too.
    """
    former = sys.stdout, sys.stderr
    sys.stdout = _robust(sys.stdout, must_hold=True)
    sys.stderr = _robust(sys.stderr, must_hold=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = former


def is_terminal(stream: IO[str] | None) -> bool:
    """True for an open stream that is a terminal; `sys.stdout` is None if the process was started
    without it.
    """
    return stream is not None and not stream.closed and stream.isatty()


def _robust(stream: TextIO | None, *, must_hold: bool) -> TextIO:
    """The stream without a buffer of its own, so that an error is raised where the text is printed,
    not at exit.
    """
    if stream is None or stream.closed:
        return _Text(
            _Whole(None, must_hold=must_hold), encoding="utf-8", errors=_ERRORS, write_through=True
        )
    if not hasattr(stream, "buffer"):  # a text stream of an embedding program accepts everything
        return stream
    whole = _Whole(getattr(stream.buffer, "raw", stream.buffer), must_hold=must_hold)
    return _Text(whole, encoding=stream.encoding, errors=_ERRORS, write_through=True)


class _Text(io.TextIOWrapper):
    """A text wrapper that does not close the stream below it, which belongs to Python."""

    def close(self) -> None:
        """Closes nothing."""


class _Whole(io.RawIOBase):
    """A raw stream that writes everything or raises; None means a closed stream."""

    name = "robust"

    def __init__(self, raw: Any, *, must_hold: bool) -> None:
        self._raw = raw
        self._must_hold = must_hold

    def writable(self) -> bool:
        """True."""
        return True

    def isatty(self) -> bool:
        """True for a terminal."""
        return self._raw is not None and bool(self._raw.isatty())

    def fileno(self) -> int:
        """The descriptor.

        Raises:
            OSError: the stream is closed.
        """
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    def write(self, data: Any, /) -> int:
        """Writes all bytes, or drops them if the stream is closed; returns their number.

        Raises:
            OutputError: the result cannot be written.
        """
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while rest and self._raw is not None:
                rest = rest[_written(self._raw, rest) :]
        except OSError as error:
            self._raw = None
            if self._must_hold and error.errno not in (errno.EPIPE, errno.EBADF):
                raise OutputError(
                    f"The result could not be written to stdout: {error.strerror or error}.",
                    hint=(
                        "Free some space or redirect the output to another file, then run the"
                        " command again."
                    ),
                ) from error
        return size


def _written(raw: Any, rest: memoryview) -> int:
    """Bytes written by one call; 0 after waiting for a stream that was not ready (an inherited
    O_NONBLOCK).
    """
    count: int | None = raw.write(rest)
    if count is None:
        select.select([], [raw], [])
    return count or 0
