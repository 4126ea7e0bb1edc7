"""Edits of a text at positions."""

from reconciler.adopt.splices import Splice, spliced


def test_splices_that_overlap_are_no_text() -> None:
    assert spliced("abcdef", [Splice(4, 5, "E"), Splice(1, 3, ""), Splice(1, 1, "+")]) == "a+dEf"
    assert spliced("abcdef", [Splice(1, 3, ""), Splice(2, 4, "")]) is None
