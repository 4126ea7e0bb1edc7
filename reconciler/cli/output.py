"""What reaches the terminal: results on stdout, everything else on stderr, secrets nowhere."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.streams import is_terminal
from reconciler.errors import ReconcilerError
from reconciler.files import write
from reconciler.model.secrets import mask
from reconciler.render.escape import visible

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_COLOURS = {
    "+": "green",
    "~": "yellow",
    "-": "red",
    ">": "cyan",
    "!": "bright_red",
    "?": "bright_red",
    "=": "bright_black",
}


@dataclass(frozen=True, slots=True)
class Output:
    """How to print: the format, with or without colour, how much on stderr (-1 errors only, 1
    requests too).

    `no_colour`: colour was switched off, on stderr too.
    """

    format: str
    colour: bool
    verbosity: int
    no_colour: bool = False


def wants_colour(*, refused: bool) -> bool:
    """True on a terminal, unless `--no-color` was given or NO_COLOR is set."""
    return is_terminal(sys.stdout) and not refused and not os.environ.get("NO_COLOR")


def emit(text: str, output: Output, *, wrap: bool = False) -> None:
    """Prints a result, secrets masked; text is coloured by the symbol in column 0.

    `wrap` breaks the long lines of a text on a terminal; what goes to a file or a pipe is never
    broken.

    Raises:
        OutputError: stdout cannot be written.
    """
    safe = mask(text)
    if output.format == "text" and wrap and is_terminal(sys.stdout):
        from reconciler.render.text import wrapped

        safe = wrapped(safe, shutil.get_terminal_size().columns)
    if output.colour and output.format == "text":
        safe = "".join(_coloured(line) for line in safe.splitlines(keepends=True))
    click.echo(safe, nl=False, color=output.colour)


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return click.style(line, fg=colour) if colour else line


def save(file: Path, text: str) -> None:
    """Writes a result to a file, secrets masked.

    Raises:
        UsageError: the file cannot be written.
    """
    write(file, mask(text))


def tell(text: str) -> None:
    """Prints a message on stderr."""
    click.echo(visible_lines(text), err=True)


def tell_error(error: ReconcilerError) -> None:
    """Prints an error and its hint on stderr."""
    tell(f"Error: {error}" + (f"\nHint: {error.hint}" if error.hint else ""))


def tell_bug(error: Exception) -> None:
    """Prints an unexpected exception, which is a bug, on stderr: with its traceback, secrets
    masked.
    """
    from traceback import format_exception

    tell("".join(format_exception(error)).rstrip("\n"))
    tell(
        "Error: This is a bug of reconciler. Please report it with the lines above; secrets in them"
        " are masked."
    )


def visible_lines(text: str) -> str:
    """The text, secrets masked, with control characters and the like escaped; line breaks stay."""
    return "\n".join(visible(line) for line in text.split("\n"))


def start_log(verbosity: int) -> None:
    """Sends all logs to stderr, those of other libraries too: otherwise Python would print their
    warnings unmasked.

    Ours: retries by default, requests with -v, only errors with -q. Others: errors, with -v
        warnings too.
    """
    root, ours = logging.getLogger(), logging.getLogger("reconciler")
    for former in [handler for handler in root.handlers if isinstance(handler, _ToStderr)]:
        root.removeHandler(former)
    root.addHandler(_ToStderr(logging.WARNING if verbosity > 0 else logging.ERROR))
    ours.setLevel({-1: logging.ERROR, 0: logging.WARNING}.get(verbosity, logging.INFO))
    logging.captureWarnings(capture=True)


class _ToStderr(logging.Handler):
    """Prints log records like every other message on stderr: secrets masked, control characters
    escaped.
    """

    def __init__(self, of_others: int) -> None:
        super().__init__()
        self.addFilter(
            lambda record: record.name.startswith("reconciler") or record.levelno >= of_others
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Prints the record; if it cannot be formatted, only the name of its logger, so that the
        run goes on.
        """
        try:
            message = self.format(record)
        except Exception:  # noqa: BLE001 - whatever a library's arguments raise when they are formatted
            message = f"{record.name} logged a message that cannot be formatted"
        tell(f"{record.levelname.capitalize()}: {message}")


@contextmanager
def progress(output: Output) -> Iterator[Bars | NoBars]:
    """Progress on stderr: bars, on a terminal only and never together with the log of requests."""
    if not is_terminal(sys.stderr) or output.verbosity != 0:
        yield NoBars()
        return
    bars = Bars(no_colour=output.no_colour)
    try:
        yield bars
    finally:
        bars.stop()


class NoBars:
    """Shows nothing."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Nothing."""

    def remark(self, text: str) -> None:
        """Nothing: the log reports retries and their delays."""


class Bars:
    """One bar at a time: each is shown from the first step of its work to the last, and is then
    removed.
    """

    def __init__(self, *, no_colour: bool) -> None:
        self._no_colour = no_colour
        self._shown: tuple[str, Progress, TaskID] | None = None

    def advance(self, what: str, done: int, total: int) -> None:
        """Shows that `done` of `total` are done."""
        with suppress(OSError):  # the terminal was closed; the work goes on
            if self._shown is None or self._shown[0] != what:
                self.stop()
                self._shown = self._start(what, total)
            _, bar, task = self._shown
            bar.update(task, completed=done)
            if done == total:
                self.stop()

    def remark(self, text: str) -> None:
        """Shows the text beside the current bar."""
        with suppress(OSError):
            if self._shown is None:
                self._shown = self._start("waiting", None)
            what, bar, task = self._shown
            bar.update(task, description=f"{what} ({text})" if text else what)

    def stop(self) -> None:
        """Removes the current bar."""
        shown, self._shown = self._shown, None
        if shown is not None:
            with suppress(OSError):
                shown[1].stop()

    def _start(self, what: str, total: int | None) -> tuple[str, Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
        )
        bar = Progress(
            *columns, console=Console(stderr=True, no_color=self._no_colour or None), transient=True
        )
        bar.start()
        return what, bar, bar.add_task(what, total=total)
