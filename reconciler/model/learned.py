"""Values remembered for the life of the process: a secret in one text is masked in all texts.

This is the only global state of the project. A traceback, a warning or a log line of another
library is printed by code that gets no arguments from us, so its masking needs global state. Adding
is one operation on a dict or a set, so that azure-identity can fetch its token in a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from reconciler.model.decoding import decoded, is_encoded

SHORTEST = 8
"""A shorter value could occur inside words of our output; it is not remembered."""
_FEW = 16
"""Up to this many beginnings of values are each searched in the whole text, which is quicker than
looking up what begins at each place. A tenant can have thousands of values.
"""
_KNOWN_BY = 32
"""A longer value is recognised by its first 32 characters: a file full of fake secrets must not
take minutes.
"""

Span = tuple[int, int]


class Values:
    """Values that are found anywhere in a text, in one pass, however many values there are."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._hidden: dict[
            str, int
        ] = {}  # beginning of a value → length of the longest value with it
        self._lengths: dict[
            str, set[int]
        ] = {}  # first characters of values → lengths of the keys of `_hidden`

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

    def may_stand_in(self, text: str) -> bool:
        """False if `spans` finds nothing; a quick check for most texts."""
        if len(self._lengths) > _FEW:
            return True
        heads = tuple(self._lengths)  # in one step: another thread can add one
        return any(head in text for head in heads)

    def spans(self, text: str) -> Iterator[Span]:
        """The spans of the values in the text, from left to right; they can overlap."""
        for start in self._starts(text):
            lengths = self._lengths.get(text[start : start + SHORTEST], ())
            length = max(
                (self._hidden.get(text[start : start + known_by], 0) for known_by in lengths),
                default=0,
            )
            if length:
                yield start, min(start + length, len(text))

    def _starts(self, text: str) -> Iterable[int]:
        """The places at which a value can begin, in order."""
        if len(self._lengths) > _FEW:
            places = range(len(text) - SHORTEST + 1)
            return (at for at in places if text[at : at + SHORTEST] in self._lengths)
        heads = tuple(self._lengths)
        return sorted(start for head in heads for start in _places(head, text))

    def forget(self) -> None:
        """Forgets all values."""
        for register in (self._values, self._hidden, self._lengths):
            register.clear()


class DeclaredTexts:
    """The valid texts that the files declare: nothing in them is masked because of texts that
    others write.
    """

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}  # ordered: the order of a set differs per run
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
        return part in self._joined

    def _index(self) -> None:
        texts = [text for text in self._texts if text]
        texts += [decoded(text).plain for text in texts if is_encoded(text)]
        self._joined = "\0".join(texts)
        self._indexed = len(self._texts)

    def forget(self) -> None:
        """Forgets all texts."""
        self._texts.clear()
        self._index()


CREDENTIALS = Values()
"""Known secrets, from the environment or a sign-in. Masked and rejected everywhere."""
SEEN = Values()
"""Values after `sig=` and similar marks in texts by others. Masked, unless a file declares them;
never rejected.
"""
DECLARED = DeclaredTexts()


def declare_public(text: str) -> None:
    """Never masks the text or a part of it from now on: a reviewed file declares it."""
    DECLARED.add(text)


def forget_learned() -> None:
    """Forgets all values; for tests, which share a process."""
    for register in (CREDENTIALS, SEEN, DECLARED):
        register.forget()


def _places(head: str, text: str) -> Iterator[int]:
    start = text.find(head)
    while start >= 0:
        yield start
        start = text.find(head, start + 1)


def _spellings(value: str) -> set[str]:
    """The value itself and decoded; characters beyond ASCII as in a decoded text."""
    plain = decoded(value).plain
    spellings = {value, plain}
    if not plain.isascii():
        encoded = (
            quote(plain, safe="", errors="surrogatepass"),
            json.dumps(plain, allow_nan=False)[1:-1],
        )
        for spelling in (decoded(text).plain for text in encoded):
            spellings |= {
                spelling,
                _HEXADECIMAL.sub(lambda match: match[1] + match[2].swapcase(), spelling),
            }
    return spellings


_HEXADECIMAL = re.compile(r"(%|\\u)((?<=%)[0-9A-F]{2}|[0-9a-f]{4})")
