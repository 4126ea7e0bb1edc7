r"""stdout and stderr as everything here prints to them: in any encoding, and also closed, full or without a reader.

| what happens                        | stdout                                      | stderr             |
|-------------------------------------|---------------------------------------------|--------------------|
| a character that it cannot hold     | is escaped (`\u2013`)                        | the same           |
| closed, or its reader has gone      | nothing is printed; the work decides        | nothing is printed |
| full, or broken in any other way    | `OutputError`: a result that is cut is none | nothing is printed |
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
    """While the block lasts, `sys.stdout` and `sys.stderr` behave as in the table above, for click's output too."""
    former = sys.stdout, sys.stderr
    sys.stdout = _robust(sys.stdout, must_hold=True)
    sys.stderr = _robust(sys.stderr, must_hold=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = former


def is_terminal(stream: IO[str] | None) -> bool:
    """True for an open stream that is a terminal; Python's own is None where the process was started without it."""
    return stream is not None and not stream.closed and stream.isatty()


def _robust(stream: TextIO | None, *, must_hold: bool) -> TextIO:
    """The stream, printed to without a buffer of its own: an error shows where the text was printed, not at the end."""
    if stream is None or stream.closed:
        return _Text(_Whole(None, must_hold=must_hold), encoding="utf-8", errors=_ERRORS, write_through=True)
    if not hasattr(stream, "buffer"):  # text that a program which embeds this one collects: it holds everything
        return stream
    whole = _Whole(getattr(stream.buffer, "raw", stream.buffer), must_hold=must_hold)
    return _Text(whole, encoding=stream.encoding, errors=_ERRORS, write_through=True)


class _Text(io.TextIOWrapper):
    """Text over bytes that outlives its wrapper: what it leads to belongs to Python."""

    def close(self) -> None:
        """Closes nothing."""


class _Whole(io.RawIOBase):
    """Bytes that are written to the end, or reported as not written; None stands for a closed stream."""

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
            OSError: there is none.
        """
        if self._raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self._raw.fileno())

    def write(self, data: Any, /) -> int:
        """How many bytes were given, all of which have been written, or given up.

        Raises:
            OutputError: what must hold the result cannot.
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
                    hint="Free space, or send the output elsewhere, then run the command again.",
                ) from error
        return size


def _written(raw: Any, rest: memoryview) -> int:
    """How many bytes went out in one call, after a wait where the stream is not ready (an inherited O_NONBLOCK)."""
    count: int | None = raw.write(rest)
    if count is None:
        select.select([], [raw], [])
    return count or 0
