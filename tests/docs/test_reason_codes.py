"""The reference lists every reason code with its sentence and a way out, and no other code."""

import re

from doc_pages import REFERENCE, plain, rows, section

from reconciler.render.sentences import CHECK, SENTENCES

ROWS = [row for row in rows(section(REFERENCE, "Reason codes")) if row[0] != "code"]


def as_shown(template: str) -> str:
    """The sentence with its parameters in single braces."""
    return template.replace("{{", "{").replace("}}", "}")


def test_every_code_has_its_sentence_and_no_other_code_is_listed() -> None:
    documented = {plain(code): plain(sentence) for code, sentence, _ in ROWS}
    assert documented == {code: as_shown(template) for code, template in SENTENCES.items()}
    assert len(ROWS) == len(SENTENCES), "each code once"


def test_every_code_has_a_way_out() -> None:
    assert [row[0] for row in ROWS if len(row) != 3 or not row[2]] == []


def test_what_every_sentence_may_name_is_explained() -> None:
    text = " ".join(section(REFERENCE, "Reason codes").split())
    for name in ("kind", "parent", "scope", "error", "verb", "also", "way_out", "stale", "note"):
        assert re.search(rf"`{{?{name}}}?`", text), name
    assert f"`{CHECK}`" in text
