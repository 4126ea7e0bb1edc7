"""What libyaml says about a syntax error, in the words of somebody who writes YAML."""

from __future__ import annotations

import re

from reconciler.loader.fault import Fault

# Patterns as text: `re` compiles them when a file is faulty, and not for every run.
_UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
LINE_BREAK = "\r\n|[\r\n\x85\u2028\u2029]"

_QUOTES = 'Put the text in quotes; `"@odata.type"` always needs them, and tabs cannot indent.'
_INDENT = "Compare the indentation with the lines above, and put text that contains `: ` or ` #` in quotes."
_CLOSE = "Close what was opened."

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
    ("could not find expected ':'", "A name is not followed by a colon.", "Write `name: value`, and check the quotes."),
    ("tab character", "A tab is used as indentation.", "Indent with spaces."),
    ("undefined tag handle", "A tag is used that is not declared.", "Remove the tag, or put the value in quotes."),
    ("unknown escape character", "A text in double quotes has a backslash that means nothing.", "Use single quotes."),
    ("block sequence entries are not allowed", "A list item stands where no list can begin.", _INDENT),
    (
        "did not find expected <document start>",
        "The document has ended, but something follows.",
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
    lines = re.split(LINE_BREAK, text[: match.start()])
    return Fault(
        "R006",
        len(lines),
        len(lines[-1]) + 1,
        f"The file contains the character U+{ord(match[0]):04X}, which YAML does not allow.",
        "Remove the character, or save the file as UTF-8 text.",
    )
