"""Decoded text: the same whatever the layers of encoding, and every character leads back to its
place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.decoding import decoded, encoded_lines

Layer = Callable[[str], str]
LAYERS: list[Layer] = [
    lambda text: quote(text, safe=""),
    lambda text: re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe="/")),
    lambda text: json.dumps(text)[1:-1],
    lambda text: (
        text.replace("\\", r"\\")
        .replace("/", r"\/")
        .replace("&", r"\u0026")
        .replace("=", r"\u003D")
    ),
    lambda text: text.encode("unicode_escape").decode("ascii"),
    lambda text: "".join(f"%{ord(character):02x}" for character in text),
    lambda text: text.replace("&", r"\x26").replace("=", r"\x3D"),
]
PLAIN = st.text(st.characters(codec="ascii", exclude_characters="%\\"), max_size=30)


@given(PLAIN, st.lists(st.sampled_from(LAYERS), max_size=4), PLAIN)
@example("a&sig=b/c", [LAYERS[0]] * 40, "")
def test_every_layer_is_taken_off_and_every_character_leads_back(
    text: str, layers: list[Layer], after: str
) -> None:
    source = text
    for layer in layers:
        source = layer(source)
    view = decoded(f"{source} {after}")
    assert view.plain == f"{text} {after}"
    ends = [view.source(at) for at in range(len(view.plain) + 1)]
    assert (ends[0], ends[-1]) == (0, len(f"{source} {after}"))
    pieces = [f"{source} {after}"[start:end] for start, end in pairwise(ends)]
    assert "".join(decoded(piece).plain for piece in pieces) == view.plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("100%", "100%"),
        ("%zz %2 %", "%zz %2 %"),
        (r"C:\Users\me", "C:Usersme"),
        ("%%341", "A"),
        ("%2%35%34%31", "A"),
        (r"\u005cu0026", "&"),
        ("%255Cu002526sig", "&sig"),
        ("%25C3%25A4 %E4%B8%AD", "%C3%A4 %E4%B8%AD"),
        (r"\\u00e4 \u4e2d", r"\u00e4 \u4e2d"),
    ],
)
def test_what_is_an_escape_and_what_is_not(text: str, plain: str) -> None:
    assert decoded(text).plain == plain


@given(st.text("%2534dx/é", max_size=60))
def test_nothing_is_left_to_decode(text: str) -> None:
    view = decoded(text)
    assert decoded(view.plain).plain == view.plain
    assert view.source(len(view.plain)) == len(text)


def test_only_lines_that_change_are_decoded() -> None:
    text = 'a\nb%26c\n{"d": "\\u00e4 \\u4e2d %E4"}\n\\/\n%'
    assert list(encoded_lines(text)) == [(2, "b%26c"), (35, "\\/"), (38, "%")]
    assert all(text[start:].startswith(line) for start, line in encoded_lines(text))
