"""New files in a folder: all of them or none, and never over an existing one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.errors import UsageError


def write_new(folder: Path, files: Mapping[str, str]) -> None:
    """Writes every file, by its path in the folder; the folders that are missing are made.

    Raises:
        UsageError: one exists already, or cannot be written; then nothing was written.
    """
    existing = [name for name in files if os.path.lexists(folder / name)]
    if existing:
        raise UsageError(
            f"{_listed(existing)} in {folder} already. Nothing was written.",
            hint="Move them away first, then compare what is written with them.",
        )
    made: list[Path] = []
    try:
        for name, text in files.items():
            _write(folder / name, text, made)
    except OSError as error:
        _undo(made)
        raise UsageError(
            f"{error.filename} cannot be written: {error.strerror}. Nothing was written.",
            hint="Look at the folder, its permissions and the room on the disk.",
        ) from error


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last} exist" if others else f"{last} exists"


def _write(file: Path, text: str, made: list[Path]) -> None:
    missing = [parent for parent in (file, *file.parents) if not parent.exists()][1:]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)
    with file.open("x", encoding="utf-8", newline="\n") as opened:
        made.append(file)
        opened.write(text)


def _undo(made: list[Path]) -> None:
    """Removes what this run made, the last first; a folder into which others have written since stays."""
    for one in reversed(made):
        with suppress(OSError):
            one.rmdir() if one.is_dir() else one.unlink()
