"""Text without percent-encoding and escapes, at any depth, with a map back to the places in the
source.

A signature in an address in a query in a JSON text is encoded once per layer. Every search runs on
the text itself and on the decoded text, so that no list of encodings is needed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_ASCII = "[0-7][0-9A-Fa-f]"
_HIGH = "[89A-Fa-f][0-9A-Fa-f]"
_UNICODE = rf"u(?!00{_ASCII})[0-9A-Fa-f]{{4}}|U[0-9A-Fa-f]{{8}}|x{_HIGH}"
_BEGINS = rf"[%\\](?!(?<=%){_HIGH}|(?<=\\)(?:{_UNICODE}))"
"""An encoded character beyond ASCII is kept as it is, so that texts in other scripts cost nothing.
"""
_SIGN = re.compile(_BEGINS)
_GOES_ON = "[0-9A-Fa-fux]*[\"'/nrt]?"
_ENCODED = re.compile(rf"{_BEGINS}{_GOES_ON}(?:[%\\]{_GOES_ON})*")
_ENDS = re.compile(rf"(?:%({_ASCII})|\\u00({_ASCII})|\\x({_ASCII})|\\([\\/\"'bfnrt]))\Z")
_CAN_END = frozenset("0123456789abcdefABCDEF\\/\"'nrt")
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BEYOND_ASCII = re.compile(rf"\\(?:u[0-9A-Fa-f]{{4}}|x{_HIGH})")
_LONGEST = len(r"\u0026")


@dataclass(frozen=True, slots=True)
class Decoded:
    """`plain` is the decoded text; the two lists hold the places at which its offset from the
    source changes.
    """

    plain: str
    _plain_at: list[int]
    _source_at: list[int]

    def source(self, at: int) -> int:
        """The place in the source of the character at this place of `plain`; the length of `plain`
        maps to the end.
        """
        last = bisect_right(self._plain_at, at) - 1
        return self._source_at[last] + at - self._plain_at[last]


def is_encoded(text: str) -> bool:
    """False for a text that `decoded` does not change."""
    return "%" in text or "\\" in text


def decoded(text: str) -> Decoded:
    r"""The text with every `%26`, `\u0026`, `\x26` and `\/` decoded until none is left, in linear
    time.

    Characters beyond ASCII stay encoded, in one layer: `%25C3%25A4` becomes `%C3%A4`.
    """
    pieces: list[str] = []
    plain_at, source_at = [0], [0]
    length = end = 0
    for region in _ENCODED.finditer(text):
        characters, starts = _reduced(region[0], region.start())
        length += region.start() - end
        pieces += text[end : region.start()], *characters
        end = region.end()
        previous = region.start() - 1
        for number, start in enumerate([*starts, end]):
            if start != previous + 1:
                plain_at.append(length + number)
                source_at.append(start)
            previous = start
        length += len(characters)
    return Decoded("".join([*pieces, text[end:]]), plain_at, source_at)


def _reduced(region: str, offset: int) -> tuple[list[str], list[int]]:
    """The characters of the decoded region, and where in the source each begins.

    A decoded character can complete another escape, so each is treated as if it had been written
    there. A backslash that completes no escape is dropped: whether it would depends on the encoding
    of what follows.
    """
    characters: list[str] = []
    starts: list[int] = []
    for at, character in enumerate(region, offset):
        characters.append(character)
        starts.append(at)
        while characters[-1] in _CAN_END and (
            escape := _ENDS.search("".join(characters[-_LONGEST:]))
        ):
            size = len(escape[0])
            characters[-size:] = [_meaning(escape)]
            del starts[1 - size :]
    kept = [
        at
        for at, character in enumerate(characters)
        if character != "\\" or _stands_for_another(characters, at)
    ]
    return [characters[at] for at in kept], [starts[at] for at in kept]


def _stands_for_another(characters: list[str], at: int) -> bool:
    return _BEYOND_ASCII.match("".join(characters[at : at + _LONGEST])) is not None


def _meaning(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    return chr(int(digits, 16)) if digits else _CONTROLS.get(escape[4], escape[4])


def encoded_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that `decoded` changes, each with its place in the text."""
    sign = _SIGN.search(text) if is_encoded(text) else None
    while sign is not None:
        start, end = text.rfind("\n", 0, sign.start()) + 1, text.find("\n", sign.start())
        end = len(text) if end < 0 else end
        yield start, text[start:end]
        sign = _SIGN.search(text, end)
