"""Texts → files that people keep: all of them or none, each byte as it is meant, and nothing of theirs overwritten."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
    for name, text in files.items():
        with _told_of(folder / name, made):
            _write(folder / name, text, made)


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last} exist" if others else f"{last} exists"


@contextmanager
def _told_of(file: Path, made: Sequence[Path]) -> Iterator[None]:
    """Removes what was made, and says why, where the operating system refuses."""
    try:
        yield
    except OSError as error:
        _undo(made)
        raise _unwritable(Path(error.filename or file), error, "Nothing was written.") from error


def _unwritable(file: Path, error: OSError, so_far: str) -> UsageError:
    return UsageError(
        f"{file} cannot be written: {error.strerror or error}. {so_far}",
        hint="Look at the folder, its permissions and the room on the disk.",
    )


def _write(file: Path, text: str, made: list[Path]) -> None:
    missing = [parent for parent in (file, *file.parents) if not parent.exists()][1:]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)
    with file.open("x", encoding="utf-8", newline="\n") as opened:
        made.append(file)
        opened.write(text)


def _undo(made: Sequence[Path]) -> None:
    """Removes what this run made, the last first; a folder into which others have written since stays."""
    for one in reversed(made):
        with suppress(OSError):
            one.rmdir() if one.is_dir() else one.unlink()


def replace_all(texts: Mapping[Path, tuple[str, str]]) -> None:
    """Gives the files their new texts, the second ones, all or none; mark, mode and symbolic links to them stay.

    A file whose texts are the same is checked like the others, and not written.

    Raises:
        UsageError: a file is no longer as it was read, which is the first text, is read-only, or cannot be written.
            Then nothing was written, unless the message names what was.
    """
    marks = {file: _mark(file, before) for file, (before, _) in texts.items()}
    new = {file: marks[file] + after.encode("utf-8") for file, (before, after) in texts.items() if after != before}
    for file in new:
        _refuse_read_only(file)
    partial = {file: _beside(file) for file in new}
    try:
        _write_beside(new, partial)
        _rename(partial)
    finally:
        for one in partial.values():
            one.unlink(missing_ok=True)


def _mark(file: Path, before: str) -> bytes:
    """The byte-order mark that the file begins with, or nothing."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unwritable(file, error, "Nothing was written.") from error
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    if content.removeprefix(mark) != before.encode("utf-8"):
        raise UsageError(f"{file} has changed meanwhile. Nothing was written.", hint="Run the same command again.")
    return mark


def _refuse_read_only(file: Path) -> None:
    """A rename asks for no permission of the file itself, and an administrator is always given it."""
    if not os.access(file, os.W_OK) or not file.stat().st_mode & 0o222:
        raise UsageError(f"{file} is read-only. Nothing was written.", hint="Make it writable, then run it again.")


def _beside(file: Path) -> Path:
    """Where the new content waits: in the folder of the file itself, which a link may only lead to."""
    real = Path(os.path.realpath(file))
    return real.with_name(f".{real.name}.{os.getpid()}.partial")


def _write_beside(new: Mapping[Path, bytes], partial: Mapping[Path, Path]) -> None:
    for file, content in new.items():
        try:
            partial[file].write_bytes(content)
            shutil.copymode(file, partial[file])
        except OSError as error:
            raise _unwritable(file, error, "Nothing was written.") from error


def _rename(partial: Mapping[Path, Path]) -> None:
    written: list[str] = []
    for file, content in partial.items():
        try:
            content.replace(os.path.realpath(file))
        except OSError as error:
            so_far = f"Written already: {', '.join(written)}." if written else "Nothing was written."
            raise _unwritable(file, error, so_far) from error
        written.append(str(file))
