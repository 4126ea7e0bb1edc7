"""Runs command lines in this process, each with other streams: `stream_runs.py ENCODING CASES
RESULTS`.

Only the start of Python is played: it gives `None` for a closed descriptor, and text of the
encoding for an open one.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from reconciler.__main__ import main

STREAMS = ("stdin", "stdout", "stderr")


def give(number: int, state: str, file: Path) -> None:
    """Makes the descriptor what the state says."""
    if state == "closed":
        os.close(number)
        return
    if state == "gone":
        reader, given = os.pipe()
        os.close(reader)
    elif state == "full":
        given = os.open("/dev/full", os.O_RDWR)
    else:
        given = os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(given, number)
    os.close(given)


def as_python_opens_it(number: int, encoding: str) -> TextIO | None:
    """The text stream over the descriptor, as Python makes it when it starts."""
    try:
        os.fstat(number)
    except OSError:
        return None
    if number == 0:
        return open(number, encoding=encoding, closefd=False)
    errors = "strict" if number == 1 else "backslashreplace"
    return open(number, "w", encoding=encoding, errors=errors, closefd=False)


def ran(case: dict[str, Any], encoding: str, folder: Path) -> dict[str, Any]:
    """How the command line of the case ended, and what it printed where that can be read."""
    files = [folder / name for name in STREAMS]
    for number, name in enumerate(STREAMS):
        files[number].write_bytes(b"")
        give(number, case[name], files[number])
    sys.stdin, sys.stdout, sys.stderr = (
        as_python_opens_it(number, encoding) for number in range(3)
    )  # type: ignore[assignment]
    sys.argv = ["reconciler", *case["command"]]
    try:
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException as error:  # noqa: BLE001 - the next case must run all the same
        code = f"{type(error).__name__}: {error}"
    printed = {
        name: file.read_bytes().decode(encoding, "replace")
        for name, file in zip(STREAMS, files, strict=True)
    }
    return {**case, "code": code, "printed": printed}


if __name__ == "__main__":
    encoding, cases, results = sys.argv[1:]
    ended = [ran(case, encoding, Path.cwd()) for case in json.loads(Path(cases).read_text("utf-8"))]
    Path(results).write_text(json.dumps(ended), "utf-8")
    os._exit(0)
