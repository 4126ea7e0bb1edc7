"""How a value is written as YAML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenants import texts

from reconciler.declarable.yaml_text import block, flow, scalar
from reconciler.loader.variables import substituted
from reconciler.model.json_values import JsonValue
from reconciler.model.nodes import data_of
from reconciler.yaml import read_documents


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Tells the approvers' team, daily", "Tells the approvers' team, daily"),
        ("Größe", "Größe"),
        ("https://h:443/p?a=b", "https://h:443/p?a=b"),
        ("11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-555555555555"),
        ("a\u3164", '"a\\u3164"'),
        ("a\x1b[2J\u202e", '"a\\x1b[2J\\u202e"'),
        ("##[error]", '"\\x23#[error]"'),
        ("a\nb", '"a\\nb"'),
        ('a "\\', '"a \\"\\\\"'),
        ("Yes", '"Yes"'),
        ("1e3", '"1e3"'),
        ("a: b", '"a: b"'),
        ("a:", '"a:"'),
        ("a ", '"a "'),
        ("🎉", '"🎉"'),
        (5, "5"),
        (None, "null"),
    ],
)
def test_a_value_is_plain_where_nothing_else_could_be_read(value: JsonValue, written: str) -> None:
    assert scalar(value) == written


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\n  b\n\nc", ["description: |-", "  a", "    b", "", "  c"]),
        ("a\nb\n", ["description: |", "  a", "  b"]),
        ("a\n::error::b", ['description: "a\\n::error::b"']),
        ("a \nb", ['description: "a \\nb"']),
        ("a\n\x1bb", ['description: "a\\n\\x1bb"']),
        (" a\nb", ['description: " a\\nb"']),
        ("a\nb\n\n", ['description: "a\\nb\\n\\n"']),
    ],
)
def test_lines_stay_lines_where_they_hide_nothing(text: str, lines: list[str]) -> None:
    assert [line for line, _ in block({"description": text}, 0)] == lines


@given(st.dictionaries(st.sampled_from(["a", "b"]), texts | st.text(), min_size=1), st.booleans())
def test_what_is_written_is_read_back(properties: dict[str, str], quoted: bool) -> None:
    """In block and in flow style; a lone surrogate is the one thing that YAML cannot say."""
    speakable = {
        name: text
        for name, text in properties.items()
        if not any("\ud800" <= one <= "\udfff" for one in text)
    }
    blocks = "".join(f"{line}\n" for line, _ in block({**speakable, "z": None}, 0))
    for text in (blocks, flow({**speakable, "z": None}, quoted=quoted)):
        [document], faults = read_documents(text)
        assert faults == []
        assert data_of(substituted(document, None)[0]) == {**speakable, "z": None}
