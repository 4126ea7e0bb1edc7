"""A fault inside one file, and how text from the file is shown in messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.diagnostic import Diagnostic, Severity, SourceLocation
from reconciler.model.secrets import mask

SHOWN_CHARACTERS = 300
"""Longer text from a file is truncated. Every value that is compared with known names, ids or
durations is shorter.
"""


class Placed(Protocol):
    """Anything with a place in a file; line and column count from 1."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A diagnostic without its file. Equal faults are the same fault, reported twice."""

    code: str
    line: int
    column: int
    message: str
    hint: str
    severity: Severity = "error"

    def in_file(self, file: str) -> Diagnostic:
        """The diagnostic in the file of this name."""
        place = SourceLocation(file, self.line, self.column)
        return Diagnostic(self.code, self.severity, self.message, self.hint, place)


def fault_at(place: Placed, code: str, message: str, hint: str) -> Fault:
    """A fault at the place of a node or an entry."""
    return Fault(code, place.line, place.column, message, hint)


def warning_at(place: Placed, code: str, message: str, hint: str) -> Fault:
    """The same as a warning: it is reported, and the file stays valid."""
    return Fault(code, place.line, place.column, message, hint, "warning")


def errors_among(faults: Iterable[Fault]) -> list[Fault]:
    """The faults that make a file invalid."""
    return [fault for fault in faults if fault.severity == "error"]


def printable(text: str) -> str:
    """The text with control, bidi and other invisible characters (and lone surrogates)
    as escapes.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quoted(text: str) -> str:
    """Text from a file as a message may show it: in quotes, secrets masked, invisible characters
    escaped, truncated.
    """
    shown = printable(mask(text)[: SHOWN_CHARACTERS + 1])
    return f'"{shown}"' if len(shown) <= SHOWN_CHARACTERS else f'"{shown[:SHOWN_CHARACTERS]}…"'
