"""Values remembered for the life of the process: what is secret in one place is so in every place.

The one global state of the project. A traceback, a warning or another library's log line is printed by code that was
handed nothing; only what is simply there can hide a value from it. Adding is one step of a dict or a set, so that
azure-identity may fetch its token in a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from reconciler.model.decoding import decoded, is_encoded

SHORTEST = 8
"""A shorter value would be found inside words of ours; it is not remembered."""
_GRAM = 4
_STRIDE = SHORTEST - _GRAM + 1
"""Wherever a value stands, one of its first `_STRIDE` grams begins at a multiple of the stride.

So a text is looked at in every fifth place only, however many values there are: a tenant may hold thousands.
"""
_FEW = 16
"""So many beginnings of values are each looked for in the whole text: that is quicker than looking at its places."""
_KNOWN_BY = 32
"""By so many characters a longer value is known: a file full of made-up secrets must not take minutes to read."""

Span = tuple[int, int]


class Values:
    """Values that are found wherever they stand in a text, which is looked at once, however many they are."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._hidden: dict[str, int] = {}  # what a value is known by → characters of the longest that begins so
        self._lengths: dict[str, set[int]] = {}  # first characters of values → lengths of the keys of `_hidden`
        self._grams: set[str] = set()

    def remember(self, value: str) -> None:
        """The value is found by `spans` from now on, as it is and decoded."""
        if value in self._values:
            return
        self._values.add(value)
        for spelling in _spellings(value):
            if len(spelling) >= SHORTEST:
                head, known_by = spelling[:SHORTEST], spelling[:_KNOWN_BY]
                self._hidden[known_by] = max(len(spelling), self._hidden.get(known_by, 0))
                self._lengths[head] = {len(known_by), *self._lengths.get(head, ())}
                self._grams.update(_grams(head))

    def may_stand_in(self, text: str) -> bool:
        """False where `spans` finds nothing; the quick answer for most texts."""
        if not self._lengths:
            return False
        heads = tuple(self._lengths)  # in one step: another thread may add one
        return len(heads) > _FEW or any(head in text for head in heads)

    def spans(self, text: str) -> Iterator[Span]:
        """Where the values stand in the text, from left to right; they may overlap."""
        for start in self._starts(text):
            lengths = self._lengths.get(text[start : start + SHORTEST], ())
            length = max((self._hidden.get(text[start : start + known_by], 0) for known_by in lengths), default=0)
            if length:
                yield start, min(start + length, len(text))

    def _starts(self, text: str) -> Iterable[int]:
        """Where a value may begin, in order."""
        heads = tuple(self._lengths)
        if len(heads) <= _FEW:
            return sorted(start for head in heads for start in _places(head, text))
        near = (at for at in range(0, len(text), _STRIDE) if text[at : at + _GRAM] in self._grams)
        return (start for at in near for start in range(max(at - _STRIDE + 1, 0), at + 1))

    def forget(self) -> None:
        """Forgets all values."""
        for register in (self._values, self._hidden, self._lengths, self._grams):
            register.clear()


class DeclaredTexts:
    """What the files declare and the rules find harmless: in it, nothing is hidden because of what others write."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # in order: a set of texts would be joined in another one in each run
        self._grams: set[str] = set()
        self._joined = ""
        self._indexed = 0

    def add(self, text: str) -> None:
        """The text and every part of it is known from now on."""
        self._texts.setdefault(text)

    def __contains__(self, text: str) -> bool:
        """True for a whole text that was added."""
        return text in self._texts

    def hold(self, part: str) -> bool:
        """True for a part of a text that was added, as it is or decoded."""
        if self._indexed < len(self._texts):
            self._index()
        may_hold = len(part) < SHORTEST or any(gram in self._grams for gram in _grams(part))
        return may_hold and part in self._joined

    def _index(self) -> None:
        texts = [text for text in self._texts if text]
        texts += [decoded(text).plain for text in texts if is_encoded(text)]
        self._joined = "\0".join(texts)
        self._grams = {self._joined[at : at + _GRAM] for at in range(0, len(self._joined), _STRIDE)}
        self._indexed = len(self._texts)

    def forget(self) -> None:
        """Forgets all texts."""
        self._texts.clear()
        self._index()


CREDENTIALS = Values()
"""What is known to be a secret by where it came from: the environment, a sign-in. Hidden and refused everywhere."""
SEEN = Values()
"""What others wrote where a secret stands. Hidden, unless a file declares it; never a reason to refuse anything."""
DECLARED = DeclaredTexts()


def declare_public(text: str) -> None:
    """Shows the text, and every part of it, as it is from now on: a reviewed file declares it."""
    DECLARED.add(text)


def forget_learned() -> None:
    """Forgets everything; for tests, which share a process."""
    for register in (CREDENTIALS, SEEN, DECLARED):
        register.forget()


def _places(head: str, text: str) -> Iterator[int]:
    start = text.find(head)
    while start >= 0:
        yield start
        start = text.find(head, start + 1)


def _grams(text: str) -> Iterator[str]:
    return (text[at : at + _GRAM] for at in range(_STRIDE))


def _spellings(value: str) -> set[str]:
    """The value as it is and decoded; beyond ASCII, as a decoded text leaves it."""
    plain = decoded(value).plain
    spellings = {value, plain}
    if not plain.isascii():
        encoded = (quote(plain, safe="", errors="surrogatepass"), json.dumps(plain, allow_nan=False)[1:-1])
        for spelling in (decoded(text).plain for text in encoded):
            spellings |= {spelling, _HEXADECIMAL.sub(lambda match: match[1] + match[2].swapcase(), spelling)}
    return spellings


_HEXADECIMAL = re.compile(r"(%|\\u)((?<=%)[0-9A-F]{2}|[0-9a-f]{4})")
