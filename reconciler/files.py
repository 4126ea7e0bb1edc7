"""Writing files that people keep. A file is replaced completely or not at all; anything else is
never replaced.

| the path is                          | what happens                                           |
|--------------------------------------|--------------------------------------------------------|
| free, or a regular file              | a new file replaces it and gets its mode and owner     |
| a symbolic link                      | the same happens to its target; the link stays         |
| `/dev/stdout`, `/dev/fd/N`, a device | the text is written to it                              |
| a named pipe, a socket, a disk       | `UsageError`: opening a pipe would wait for its reader |

A signal takes effect before the first byte or after the last rename.
"""

from __future__ import annotations

import codecs
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from reconciler.errors import UsageError
from reconciler.model.wording import enumerated
from reconciler.signals import deferred

WAY_OUT = "Move the existing files elsewhere, then run the command again."

UNSUITABLE = "it is a named pipe, a socket or a disk"
"""Why a file cannot be written."""

_CHECK = "Check the path, its permissions and the free space on the disk, or choose another file."
_CHOOSE = "Choose another file, or /dev/stdout to pass the result to another program."

_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})", re.ASCII)


def shipped(file: str) -> str:
    """The text of a file of our repository: as the wheel has it, in the package, or from a
    checkout.
    """
    package = Path(__file__).parent
    in_wheel, in_checkout = package / file.removeprefix(".github/"), package.parent / file
    return (in_wheel if in_wheel.is_file() else in_checkout).read_text("utf-8")


def write(file: Path, text: str) -> None:
    """Writes the text to the file, replacing its content.

    Raises:
        UsageError: it is read-only or cannot be written; a regular file is unchanged.
    """
    content = text.encode("utf-8", "backslashreplace")
    try:
        through = _opened_through(file)
    except OSError as error:
        raise _unwritable(file, error, "Nothing was written.") from error
    if through is None:
        replace({file: content})
        return
    try:
        with through:
            through.write(content)
    except OSError as error:
        raise _unwritable(file, error, "") from error


def refuse_unwritable(file: Path) -> None:
    """Returns if the file can probably be written later; it is not touched.

    Raises:
        UsageError: it is a named pipe, a socket or a disk, its folder is missing or not writable,
            or it is read-only.
    """
    try:
        if _is_written_through(file):
            return
    except OSError as error:
        raise _unwritable(file, error, "Nothing was written.", hint=_CHOOSE) from error
    folder = Path(os.path.realpath(file)).parent
    if not folder.is_dir():
        missing = FileNotFoundError(None, "its folder does not exist")
        raise _unwritable(file, missing, "Nothing was written.")
    if not os.access(folder, os.W_OK | os.X_OK):
        forbidden = PermissionError(None, "its folder is not writable")
        raise _unwritable(file, forbidden, "Nothing was written.")
    _refuse_read_only(file)


def _opened_through(file: Path) -> BinaryIO | None:
    """Opens anything but a regular file for writing; None for a regular file, or one that does not
    exist.
    """
    if not _is_written_through(file):
        return None
    descriptor = _descriptor(file.as_posix())
    return file.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")


def _is_written_through(file: Path) -> bool:
    """True for what exists and is not a regular file.

    Raises:
        OSError: it is not suitable, or cannot be examined.
    """
    if is_unsuitable(file):
        raise OSError(None, UNSUITABLE)
    return _descriptor(file.as_posix()) is not None or (file.exists() and not file.is_file())


def is_unsuitable(file: Path) -> bool:
    """True for a named pipe, since opening it waits for a reader, which a signal does not end; for
    a socket; and for a disk, which would be overwritten. Open descriptors are suitable.

    Raises:
        OSError: it cannot be examined.
    """
    if _descriptor(file.as_posix()) is not None:
        return False
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISBLK(mode)


def _descriptor(path: str) -> int | None:
    """The open descriptor of a path like `/dev/stdout`: opening it again would truncate
    its file.
    """
    match = _DESCRIPTOR.fullmatch(path)
    return int(match[1]) if match else _STANDARD.get(path)


def write_new(
    folder: Path,
    files: Mapping[str, str],
    *,
    replaced: Mapping[str, bytes] | None = None,
    way_out: str = WAY_OUT,
) -> None:
    """Writes every file, by its path in the folder, and creates missing folders.

    `replaced` are the new contents of files that exist. `way_out` is the hint if a file that must
    be new exists.

    Raises:
        UsageError: a file already exists, or cannot be written; then nothing was written.
    """
    existing = [str(folder / name) for name in files if os.path.lexists(folder / name)]
    if existing:
        raise UsageError(f"{_already_exist(existing)}. Nothing was written.", hint=way_out)
    made: list[Path] = []
    with deferred(), _undoing(made):
        for name, text in files.items():
            _write_new(folder / name, text, made)
        replace({folder / name: content for name, content in (replaced or {}).items()})


def _already_exist(files: Iterable[str]) -> str:
    names = [str(file) for file in files]
    verb = "exists" if len(names) == 1 else "exist"
    return f"{enumerated(names)} already {verb}"


@contextmanager
def _undoing(made: Sequence[Path]) -> Iterator[None]:
    """Removes what was made if the block fails."""
    try:
        yield
    except UsageError:
        _undo(made)
        raise


def _unwritable(file: Path, error: OSError, so_far: str, hint: str = _CHECK) -> UsageError:
    message = f"{file} cannot be written: {error.strerror or error}. {so_far}".rstrip()
    return UsageError(message, hint=hint)


def _write_new(file: Path, text: str, made: list[Path]) -> None:
    try:
        for parent in reversed([parent for parent in file.parents if not parent.exists()]):
            parent.mkdir()
            made.append(parent)
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            made.append(file)
            opened.write(text)
    except OSError as error:
        raise _unwritable(Path(error.filename or file), error, "Nothing was written.") from error


def _undo(made: Sequence[Path]) -> None:
    """Removes what this run made, the last first; a folder that meanwhile contains files of others
    stays.
    """
    for path in reversed(made):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()


def replace_all(texts: Mapping[Path, tuple[str, str]]) -> None:
    """Replaces the texts of files, given as (before, after), all or none; byte-order marks stay.

    A file whose texts are equal is checked like the others, and not written.

    Raises:
        UsageError: the content of a file is not `before`, or it is read-only or cannot be written.
            Then nothing was written, except what the message names.
    """
    marks = {file: _mark(file, before) for file, (before, _) in texts.items()}
    replace(
        {
            file: marks[file] + after.encode("utf-8")
            for file, (before, after) in texts.items()
            if after != before
        }
    )


def make_own_folder(folder: Path) -> None:
    """Creates a folder for what no repository keeps, with a `.gitignore` that says so; one that
    exists stays as it is.

    Raises:
        OSError: it cannot be created.
    """
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", "ascii")


def read_before(file: Path) -> bytes:
    """The content of a file that is to be replaced.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unwritable(file, error, "Nothing was written.") from error


def _mark(file: Path, before: str) -> bytes:
    """The byte-order mark that the file begins with, or nothing."""
    content = read_before(file)
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    if content.removeprefix(mark) != before.encode("utf-8"):
        raise UsageError(
            f"{file} was changed by another program during this run. Nothing was written.",
            hint="Run the command again.",
        )
    return mark


def replace(new: Mapping[Path, bytes]) -> None:
    """Replaces the contents of these regular files, all or none.

    Raises:
        UsageError: a file is read-only or cannot be written; then nothing was written, except what
            the message names.
    """
    for file in new:
        _refuse_read_only(file)
    partial = {file: _beside(file, number) for number, file in enumerate(new)}
    with deferred():
        try:
            _write_beside(new, partial)
            _rename(partial)
        finally:
            for waiting in partial.values():
                with suppress(OSError):
                    waiting.unlink()


def _refuse_read_only(file: Path) -> None:
    """A rename needs no permission on the file itself, and an administrator can always write: so
    check the mode.
    """
    if file.exists() and not (os.access(file, os.W_OK) and file.stat().st_mode & 0o222):
        raise UsageError(
            f"{file} is read-only. Nothing was written.",
            hint="Make it writable, then run the command again.",
        )


def _beside(file: Path, number: int) -> Path:
    """A temporary file in the folder of the file itself, links resolved, so that a rename can
    replace the file.

    Two containers that share the folder can have the same process id, so the name is random too.
    """
    own = f"{os.getpid()}-{os.urandom(4).hex()}"
    return Path(os.path.realpath(file)).with_name(f".reconciler-{own}-{number}.partial")


def _write_beside(new: Mapping[Path, bytes], partial: Mapping[Path, Path]) -> None:
    for file, content in new.items():
        try:
            partial[file].write_bytes(content)
            _take_over(file, partial[file])
        except OSError as error:
            raise _unwritable(file, error, "Nothing was written.") from error


def _take_over(file: Path, partial: Path) -> None:
    """Copies mode and owner of the replaced file; only an administrator can set the owner."""
    try:
        former = file.stat()
    except FileNotFoundError:
        return
    with suppress(OSError, AttributeError):  # Windows has no os.chown
        os.chown(partial, former.st_uid, former.st_gid)
    shutil.copymode(file, partial)


def _rename(partial: Mapping[Path, Path]) -> None:
    written: list[str] = []
    for file, content in partial.items():
        try:
            content.replace(os.path.realpath(file))
        except OSError as error:
            so_far = (
                f"Written already: {', '.join(written)}." if written else "Nothing was written."
            )
            raise _unwritable(file, error, so_far) from error
        written.append(str(file))
