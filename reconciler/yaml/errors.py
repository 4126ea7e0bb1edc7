"""Errors of a text that the parser does not name: characters, merge conflicts, templates that were
not rendered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.model.fault import Fault
from reconciler.yaml.events import BYTE_ORDER_MARK
from reconciler.yaml.mistakes import AFTER_THE_END, LINE_BREAK

# Patterns as text: `re` compiles them when a file is faulty, and not for every run.
_UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"

_CONFLICT = "^(?:<{7}|>{7}|[|]{7})(?= |\r?$)"
_CONFLICT_MIDDLE = "^={7}(?=\r?$)"
"""A quoted text may hold such a line too, so it counts as a conflict only in invalid YAML."""
_QUOTED_OR_COMMENT = r""" "(?:[^"\\]|\\.)*" | '[^']*' | (?:^|\s)\#.* """
_TEMPLATE = r"\{\{|\{%"
_LINE_CHARACTERS = 1_000
"""Of each line, this many are searched for a template: the search is slow in a long line with an
unclosed quote.
"""


def character_fault(text: str) -> Fault | None:
    """R006 for the first character that YAML does not allow; libyaml would report it without its
    line.
    """
    if text.replace(
        "\n", ""
    ).isprintable():  # nearly always; compiling the pattern takes longer than reading a file
        return None
    match = re.search(_UNREADABLE, text)
    if match is None:
        return None
    if match[0] == BYTE_ORDER_MARK:
        message = "A byte order mark (U+FEFF) is only allowed at the beginning of a document."
        return _fault_at(
            text, match.start(), message, "Remove it, or write `---` on the line before."
        )
    message = f"The file contains the character U+{ord(match[0]):04X}, which YAML does not allow."
    return _fault_at(
        text, match.start(), message, "Remove the character, or save the file as UTF-8 text."
    )


def conflict_fault(text: str) -> Fault | None:
    """R006 for the first line that Git writes around a merge conflict."""
    return _line_of_conflict(_CONFLICT, text) if any(sign * 7 in text for sign in "<|>") else None


def rest_of_conflict_fault(text: str) -> Fault | None:
    """R006 for the middle line of a merge conflict that was partly resolved, in a text that is not
    YAML.
    """
    return _line_of_conflict(_CONFLICT_MIDDLE, text)


def _line_of_conflict(pattern: str, text: str) -> Fault | None:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        return None
    message = f"The file has an unresolved merge conflict: this line begins with `{match[0]}`."
    hint = (
        "Resolve the conflict, and remove the lines that begin with `<<<<<<<`, `|||||||`, `=======`"
        " and `>>>>>>>`."
    )
    return _fault_at(text, match.start(), message, hint)


def templates_named(faults: list[Fault], text: str) -> list[Fault]:
    """The faults; those caused by a template that was not rendered are replaced by one R006."""
    if not faults or not re.search(_TEMPLATE, text):
        return faults
    lines = re.split(LINE_BREAK, text)
    named = [_template_near(fault, lines) or fault for fault in faults]
    return list(dict.fromkeys(named))


def _template_near(fault: Fault, lines: Sequence[str]) -> Fault | None:
    templates = (_template_fault(number, lines) for number in _lines_of_cause(fault))
    return next(filter(None, templates), None)


def _lines_of_cause(fault: Fault) -> tuple[int, ...]:
    """The lines that may hold the cause of the fault: a template on its own line can end the
    document before it.
    """
    if fault.code not in ("R006", "R107"):
        return ()
    return (fault.line, fault.line - 1) if fault.message == AFTER_THE_END else (fault.line,)


def _template_fault(number: int, lines: Sequence[str]) -> Fault | None:
    """R006 for the first template expression in the line, outside of quotes and comments."""
    line = "".join(lines[number - 1 : number])[:_LINE_CHARACTERS]
    code = re.sub(_QUOTED_OR_COMMENT, lambda match: " " * len(match[0]), line, flags=re.VERBOSE)
    match = re.search(_TEMPLATE, code)
    if match is None:
        return None
    message = (
        f"The file contains a template expression (`{match[0]}`), which reconciler does not render."
    )
    hint = (
        "Render the template first, use `${name}` with a variable of reconciler.yaml, or put the"
        " text in quotes."
    )
    return Fault("R006", number, match.start() + 1, message, hint)


def _fault_at(text: str, index: int, message: str, hint: str) -> Fault:
    """R006 at a character of the text."""
    lines = re.split(LINE_BREAK, text[:index])
    return Fault("R006", len(lines), len(lines[-1]) + 1, message, hint)
