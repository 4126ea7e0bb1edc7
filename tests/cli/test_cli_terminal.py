"""Plans on a terminal, which has a width, and in a pipe, which has none."""

import os
import pty
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

from harness import CommandLine, catalog, declare, extension

COLUMNS = 60


def shown_on_a_terminal(*arguments: str) -> list[str]:
    """The lines of a command on a terminal of 60 columns, without colour."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    environment = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")
    }
    command = [sys.executable, "-m", "reconciler", *arguments, "--no-color"]
    with subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while piece := os.read(ours, 65536):
                printed += piece
        except OSError:  # how Linux reports that the other side was closed
            pass
    os.close(ours)
    assert process.returncode == 0
    return printed.decode().replace("\r\n", "\n").splitlines()


def test_long_lines_of_a_plan_keep_symbol_and_indent_on_a_terminal(reconciler: CommandLine) -> None:
    words = "one two three four five six seven eight nine ten eleven twelve"
    reconciler.seed(catalog(extensions=[extension("notify-approvers", description="before")]))
    declare(
        Path("more"),
        {"catalog": "Marketing", "extensions": [extension("notify-approvers", description=words)]},
    )
    lines = shown_on_a_terminal("plan", "--sandbox", "more")
    start = next(number for number, line in enumerate(lines) if line.startswith("~   description:"))
    first, second = lines[start : start + 2]
    assert first == '~   description: "before" -> "one two three four five six'
    assert second == '~     seven eight nine ten eleven twelve"'
    last = "Plan: 0 create, 1 update, 0 rename, 0 replace, 0 delete, 0 blocked, 0 unchanged."
    assert lines[-1] == last, "the stable line is never broken"
    piped = reconciler("plan", "--sandbox", "more").out.splitlines()
    assert f'~   description: "before" -> "{words}"' in piped
    assert piped[-1] == last


def test_on_a_terminal_errors_in_files_are_shown_once(reconciler: CommandLine) -> None:
    """stdout is the screen there: stderr need not say where the errors are."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "reconciler", "plan", "--sandbox"]
    ended = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    os.close(ours)
    assert (ended.returncode, ended.stderr) == (3, b"")
