"""Giving files that people keep a new text: whole or not at all, and each byte as it is meant."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError


def replace_all(texts: Mapping[Path, tuple[str, str]]) -> None:
    """Gives every file its new text, the second one, whole or not at all; mark, mode and links to it stay.

    Raises:
        UsageError: a file is no longer as it was read, which is the first text, or cannot be written.
    """
    contents = {Path(os.path.realpath(file)): text for file, text in texts.items()}
    try:
        marks = {file: _mark(file.read_bytes(), before) for file, (before, _) in contents.items()}
        for file, (_, after) in contents.items():
            _replace(file, marks[file] + after.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{error.filename} cannot be written: {reason}.", hint="Check its permissions.") from error


def _mark(content: bytes, before: str) -> bytes:
    """The byte-order mark that the file begins with, or nothing."""
    mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
    if content.removeprefix(mark) != before.encode("utf-8"):
        raise UsageError("A file has changed meanwhile; nothing was written.", hint="Run the same command again.")
    return mark


def _replace(file: Path, content: bytes) -> None:
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        shutil.copymode(file, partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
