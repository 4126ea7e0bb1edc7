"""What libyaml says about a syntax error, in the words of somebody who writes YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.loader.fault import Fault
from reconciler.loader.yaml_events import BYTE_ORDER_MARK

# Patterns as text: `re` compiles them when a file is faulty, and not for every run.
_UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"

_CONFLICT = "^(?:<{7}|>{7}|[|]{7})(?= |\r?$)"
_CONFLICT_MIDDLE = "^={7}(?=\r?$)"
"""A line that may stand in a quoted text too, so it is one of a conflict only where the YAML has a fault."""
_QUOTED_OR_COMMENT = r""" "(?:[^"\\]|\\.)*" | '[^']*' | (?:^|\s)\#.* """
_TEMPLATE = r"\{\{|\{%"
_LINE_CHARACTERS = 1_000
"""Of a line, so many are searched for a template: quotes that are never closed would take a long one long."""

_NO_COLON = "A name is not followed by a colon."
_AFTER_THE_END = "The document has ended, but something follows."

_QUOTES = 'Put the text in quotes; `"@odata.type"` always needs them, and tabs cannot indent.'
_INDENT = "Compare the indentation with the lines above, and put text that contains `: ` or ` #` in quotes."
_CLOSE = "Close what was opened. Between `{}` or `[]`, put a value with `${variable}` in quotes."

_PLAIN_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "cannot start any token",
        "A name or value cannot start with this character (a tab, `@`, a backtick or `%`).",
        _QUOTES,
    ),
    ("mapping values are not allowed", "A `: ` stands where no property can begin.", _INDENT),
    ("unexpected end of stream", "The file ends inside a quoted text.", "Add the closing quote."),
    ("unexpected document indicator", "The document ends inside a quoted text.", "Add the closing quote."),
    ("did not find expected ',' or ']'", "A list that began with `[` is not closed here.", _CLOSE),
    ("did not find expected ',' or '}'", "A mapping that began with `{` is not closed here.", _CLOSE),
    ("did not find expected key", "The property or list above has ended, and no new property begins here.", _INDENT),
    (
        "did not find expected '-' indicator",
        "A list item is expected here, but the line does not begin with `-`.",
        _INDENT,
    ),
    ("could not find expected ':'", _NO_COLON, "Write `name: value`, and check the quotes."),
    (
        "invalid Unicode character escape code",
        "An escape in double quotes names no character.",
        "Write the character itself, or an escape up to `\\U0010ffff`.",
    ),
    ("tab character", "A tab is used as indentation.", "Indent with spaces."),
    ("undefined tag handle", "A tag is used that is not declared.", "Remove the tag, or put the value in quotes."),
    ("unknown escape character", "A text in double quotes has a backslash that means nothing.", "Use single quotes."),
    ("block sequence entries are not allowed", "A list item stands where no list can begin.", _INDENT),
    (
        "did not find expected <document start>",
        _AFTER_THE_END,
        "Remove it, or add `---`.",
    ),
    ("incompatible YAML document", "The file asks for a YAML version other than 1.1 or 1.2.", "Remove the %YAML line."),
    ("alphabetic or numeric character", "An anchor (`&`) or alias (`*`) has no name.", "Put the text in quotes."),
)


def syntax_fault(error: Exception) -> Fault:
    """R006 at the place of the error, in plain words for the errors that people make."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    context = getattr(error, "context", None)
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message, hint = f"YAML: {context + ', ' if context else ''}{problem}.", _INDENT
    for said, plain, way_out in _PLAIN_WORDS:
        if said in problem:
            message, hint = plain, way_out
            break
    return Fault("R006", mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, message, hint)


def character_fault(text: str) -> Fault | None:
    """R006 for the first character that YAML does not allow; libyaml itself would not tell its line."""
    if text.replace(
        "\n", ""
    ).isprintable():  # nearly always, and the pattern takes longer to compile than a file to read
        return None
    match = re.search(_UNREADABLE, text)
    if match is None:
        return None
    if match[0] == BYTE_ORDER_MARK:
        message = "A byte order mark (U+FEFF) stands where no document begins."
        return _fault_at(text, match.start(), message, "Remove it, or begin a document with `---` on the line before.")
    message = f"The file contains the character U+{ord(match[0]):04X}, which YAML does not allow."
    return _fault_at(text, match.start(), message, "Remove the character, or save the file as UTF-8 text.")


def conflict_fault(text: str) -> Fault | None:
    """R006 for the first line that only Git writes, about a merge conflict."""
    return _line_of_conflict(_CONFLICT, text) if any(sign * 7 in text for sign in "<|>") else None


def rest_of_conflict_fault(text: str) -> Fault | None:
    """R006 for the middle line of a merge conflict that was resolved in part, in a text that is not YAML."""
    return _line_of_conflict(_CONFLICT_MIDDLE, text)


def _line_of_conflict(pattern: str, text: str) -> Fault | None:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        return None
    message = f"The file has an unresolved merge conflict: this line begins with `{match[0]}`."
    hint = "Resolve the conflict, and remove the lines that begin with `<<<<<<<`, `|||||||`, `=======` and `>>>>>>>`."
    return _fault_at(text, match.start(), message, hint)


def templates_named(faults: list[Fault], text: str) -> list[Fault]:
    """The faults, with one R006 in place of those that a template, which was not rendered, has caused."""
    if not faults or not re.search(_TEMPLATE, text):
        return faults
    lines = re.split(LINE_BREAK, text)
    named = [_template_near(fault, lines) or fault for fault in faults]
    return list(dict.fromkeys(named))


def _template_near(fault: Fault, lines: Sequence[str]) -> Fault | None:
    templates = (_template_fault(number, lines) for number in _lines_of_cause(fault))
    return next(filter(None, templates), None)


def _lines_of_cause(fault: Fault) -> tuple[int, ...]:
    """The lines in which the cause of the fault may stand; what a line of its own breaks shows in the line below."""
    if fault.code not in ("R006", "R107"):
        return ()
    return (fault.line, fault.line - 1) if fault.message in (_NO_COLON, _AFTER_THE_END) else (fault.line,)


def _template_fault(number: int, lines: Sequence[str]) -> Fault | None:
    """R006 for the first template expression in the line, outside of quotes and comments."""
    line = "".join(lines[number - 1 : number])[:_LINE_CHARACTERS]
    code = re.sub(_QUOTED_OR_COMMENT, lambda match: " " * len(match[0]), line, flags=re.VERBOSE)
    match = re.search(_TEMPLATE, code)
    if match is None:
        return None
    message = f"The file holds a template expression (`{match[0]}`), which is not rendered here."
    hint = "Render the template first, write `${name}` with a variable of reconciler.yaml, or put it in quotes."
    return Fault("R006", number, match.start() + 1, message, hint)


def _fault_at(text: str, index: int, message: str, hint: str) -> Fault:
    """R006 at a character of the text."""
    lines = re.split(LINE_BREAK, text[:index])
    return Fault("R006", len(lines), len(lines[-1]) + 1, message, hint)
