"""YAML text → the events of the parser, also for text that YAML 1.2 or JSON allows and libyaml
rejects.

The parser gets a text that it accepts; every event describes the original text: its values, lines,
columns, and the number of characters before them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BYTE_ORDER_MARK = "\ufeff"

# Patterns as text: `re` compiles them for the files that need them, and not for every run.
_MARKER = r"(?:---|\.\.\.)(?:[ \t]+#.*|[ \t]*)"
_COMMENT = r"[ \t]*(?:#.*)?"
_SURROGATE = r"(?<!\\)((?:\\\\)*)\\u([dD][89a-fA-F][0-9a-fA-F]{2})"
"""An escape of half a surrogate pair; a backslash after an odd number of others is escaped itself.
"""
_PRIVATE_USE = range(0xE000, 0xF900)


def events(text: str) -> Iterator[yaml.Event]:
    """The events of the text, in its order.

    The escapes of a surrogate pair, by which JSON spells one character, are that character; half a
    pair alone stays a surrogate in the value. A byte order mark at the start of a document is
    ignored.

    Raises:
        yaml.YAMLError: the text is not YAML.
    """
    marks = _document_marks(text)
    removed_at = [place - number for number, place in enumerate(marks)]
    text = _without(text, marks)
    stand_in = _stand_in(text) if "\\u" in text and re.search(_SURROGATE, text) else ""
    if stand_in:
        text = re.sub(_SURROGATE, rf"\1{stand_in * 2}\2", text)
    for event in yaml.parse(text, Loader=LOADER):
        if stand_in and isinstance(event, yaml.ScalarEvent):
            event.value = _with_surrogates(event, stand_in)
        if marks:
            event.start_mark = _moved(event.start_mark, removed_at)
            event.end_mark = _moved(event.end_mark, removed_at)
        yield event


def without_document_marks(text: str) -> str:
    """The text without the byte order marks at the start of a document."""
    return _without(text, _document_marks(text))


def _without(text: str, marks: Sequence[int]) -> str:
    starts = [0, *(mark + 1 for mark in marks)]
    ends = [*marks, len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _document_marks(text: str) -> list[int]:
    """The places of byte order marks that begin a document: their line follows `---`, `...` or only
    comments, or precedes `---`. The file's first mark is gone since it was decoded.

    Source: YAML 1.2.2 §5.2 and §9.2 (c-byte-order-mark, l-document-prefix).
    """
    if BYTE_ORDER_MARK not in text:
        return []
    lines = text.splitlines(keepends=True)
    after, before = _after_a_marker(lines), _before_a_marker(lines)
    marks, place = [], 0
    for number, line in enumerate(lines):
        if number and line.startswith(BYTE_ORDER_MARK) and (after[number] or before[number]):
            marks.append(place)
        place += len(line)
    return marks


def _after_a_marker(lines: Sequence[str]) -> list[bool]:
    """For each line, whether only comments are between it and the marker or file start above."""
    answers, at_start = [], True
    for line in lines:
        answers.append(at_start)
        content = _content(line)
        at_start = bool(re.fullmatch(_MARKER, content)) or (at_start and _is_comment(content))
    return answers


def _before_a_marker(lines: Sequence[str]) -> list[bool]:
    """For each line, whether it or the next line below with more than a comment begins a document
    with `---`.
    """
    answers, opens = [], False
    for line in reversed(lines):
        content = _content(line)
        begins = content.startswith("---") and content[3:4] in ("", " ", "\t")
        opens = begins or (opens and _is_comment(content))
        answers.append(opens)
    return answers[::-1]


def _is_comment(content: str) -> bool:
    """True for a blank line too."""
    return bool(re.fullmatch(_COMMENT, content))


def _content(line: str) -> str:
    return line.removeprefix(BYTE_ORDER_MARK).rstrip("\r\n\x85\u2028\u2029")


def _stand_in(text: str) -> str:
    """A character that is not in the text, to replace a backslash and its `u`, so that all places
    are kept.

    "" if the text has all of them: then the parser rejects the escapes.
    """
    used = set(text)
    return next((character for character in map(chr, _PRIVATE_USE) if character not in used), "")


def _with_surrogates(event: yaml.ScalarEvent, stand_in: str) -> str:
    """The value with its escapes decoded; outside double quotes they are text."""
    escape = stand_in * 2
    value: str = event.value
    if event.style != '"':
        return value.replace(escape, r"\u")
    halves = re.sub(escape + "(....)", lambda match: chr(int(match[1], 16)), value)
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _moved(mark: Any, removed_at: Sequence[int]) -> yaml.Mark:
    """The mark of the parser, moved to its place in the text with byte order marks, which have no
    column.
    """
    index = mark.index + bisect_right(removed_at, mark.index)
    return yaml.Mark(mark.name, index, mark.line, mark.column, None, 0)
