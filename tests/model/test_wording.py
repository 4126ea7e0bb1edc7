"""How messages list names and suggest similar ones."""

import pytest

from reconciler.model.wording import did_you_mean, enumerated, listed, nearest, similar_names


@pytest.mark.parametrize(
    ("parts", "last", "words"),
    [
        (["a"], "and", "a"),
        (["a", "b"], "and", "a and b"),
        (["a", "b", "c"], "or", "a, b or c"),
    ],
)
def test_parts_are_enumerated_in_words(parts: list[str], last: str, words: str) -> None:
    assert enumerated(parts, last) == words


def test_names_are_listed_in_backticks() -> None:
    assert listed(("a", "b")) == "`a` and `b`"


def test_the_most_similar_name_is_suggested_whatever_its_case() -> None:
    known = ("displayName", "description", "DisplayNames")
    assert similar_names("DISPLAYNAME", known) == ["displayName", "DisplayNames"]
    assert nearest("displayNam", known) == "displayName"
    assert did_you_mean("displayNam", known, '"') == 'Did you mean "displayName"?'
    assert did_you_mean("zzz", known) == ""


def test_a_text_longer_than_any_known_name_is_not_compared() -> None:
    assert nearest("a" * 101, ("a" * 100,)) is None
    assert nearest("a" * 100, ("a" * 99,)) == "a" * 99
