"""Values seen to be secret, remembered for the life of the process: what is secret in one place is so in every place.

The one global state of the project. A traceback, a warning or another library's log line is printed by code that was
handed nothing; only what is simply there can hide a value from it. Adding is one step of a dict or a set, so that
azure-identity may fetch its token in a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

SHORTEST = 8
"""A shorter value would be found inside words of ours; it is not remembered."""
_GRAM = 4
_STRIDE = SHORTEST - _GRAM + 1
"""Wherever a value stands, one of its first `_STRIDE` grams begins at a multiple of the stride.

So a text is looked at in every fifth place only, however many values there are: a tenant may hold thousands.
"""

_KNOWN_BY = 32
"""By so many characters a longer value is known: a file full of made-up secrets must not take minutes to read."""

_values: set[str] = set()
_hidden: dict[str, int] = {}
"""What a value is known by → how many characters are hidden from there on: those of the longest that begins so."""
_lengths: dict[str, set[int]] = {}
"""First characters of the values → how long the keys of `_hidden` are that begin so."""
_grams: set[str] = set()
_public: set[str] = set()


def remember(value: str) -> None:
    """The value and its other spellings are found by `spans` from now on."""
    if value in _values:
        return
    _values.add(value)
    for spelling in _spellings(value):
        if len(spelling) >= SHORTEST:
            head, known_by = spelling[:SHORTEST], spelling[:_KNOWN_BY]
            _hidden[known_by] = max(len(spelling), _hidden.get(known_by, 0))
            _lengths[head] = {len(known_by), *_lengths.get(head, ())}
            _grams.update(head[at : at + _GRAM] for at in range(_STRIDE))


def declare_public(name: str) -> None:
    """No value that stands in this name is taken for a secret later on."""
    _public.add(name)


def is_public(value: str) -> bool:
    """True for a part of a name that was declared public."""
    return any(value in name for name in _public)


def forget_learned() -> None:
    """Forgets everything; for tests, which share a process."""
    for register in (_values, _hidden, _lengths, _grams, _public):
        register.clear()


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where remembered values stand in the text, from left to right; overlapping ones as one."""
    begin = end = 0
    for start in _starts(text):
        lengths = _lengths.get(text[start : start + SHORTEST], ())
        length = max((_hidden.get(text[start : start + one], 0) for one in lengths), default=0)
        if length and start > end:
            if end:
                yield begin, end
            begin = start
        if length:
            end = max(end, start + length)
    if end:
        yield begin, end


def _starts(text: str) -> Iterator[int]:
    """Where a value may begin, in order."""
    found = [at for at in range(0, len(text), _STRIDE) if text[at : at + _GRAM] in _grams] if _grams else ()
    for at in found:
        yield from range(max(at - _STRIDE + 1, 0), at + 1)


def _spellings(value: str) -> set[str]:
    """The value as it is, percent-decoded, percent-encoded (also twice, also in small letters), and inside JSON."""
    plain = {value, unquote(value)}
    encoded = {quote(one, safe=safe, errors="surrogatepass") for one in plain for safe in ("", "/", "~+/=")}
    encoded |= {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), one) for one in encoded}
    twice = {quote(one, safe="") for one in encoded}
    escaped = {
        json.dumps(one, ensure_ascii=ascii_only, allow_nan=False)[1:-1] for one in plain for ascii_only in (True, False)
    }
    escaped |= {one.replace("/", r"\/") for one in plain} | {one.replace("+", r"\u002B") for one in plain}
    return plain | encoded | twice | escaped
