"""A fault inside one file, and how text from the file is shown in messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.diagnostic import Diagnostic, Severity, SourceLocation
from reconciler.model.secrets import mask

SHOWN_CHARACTERS = 60
"""Longer text from a file is cut: a message is read in a terminal line."""


class Placed(Protocol):
    """Anything that stands somewhere in a file; line and column count from 1."""

    @property
    def line(self) -> int:
        """The line."""

    @property
    def column(self) -> int:
        """The column."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A diagnostic whose file is not named yet. Equal faults are one fault, seen twice."""

    code: str
    line: int
    column: int
    message: str
    hint: str
    severity: Severity = "error"

    def in_file(self, file: str) -> Diagnostic:
        """The diagnostic, with the file in its place."""
        place = SourceLocation(file, self.line, self.column)
        return Diagnostic(self.code, self.severity, self.message, self.hint, place)


def fault_at(place: Placed, code: str, message: str, hint: str) -> Fault:
    """A fault at the place of a node or an entry."""
    return Fault(code, place.line, place.column, message, hint)


def warning_at(place: Placed, code: str, message: str, hint: str) -> Fault:
    """The same as a warning: it is reported, and the files stay valid."""
    return Fault(code, place.line, place.column, message, hint, "warning")


def errors_among(faults: Iterable[Fault]) -> list[Fault]:
    """The faults that make a file invalid."""
    return [fault for fault in faults if fault.severity == "error"]


def printable(text: str) -> str:
    """The text with control, bidi and other invisible characters (and lone surrogates) as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quoted(text: str) -> str:
    """Text from a file as a message may show it: secrets masked, invisible characters escaped, cut, in quotes."""
    shown = printable(mask(text)[: SHOWN_CHARACTERS + 1])
    return f'"{shown}"' if len(shown) <= SHOWN_CHARACTERS else f'"{shown[:SHOWN_CHARACTERS]}…"'
