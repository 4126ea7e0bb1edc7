"""Kinds as words of a sentence: `access package`, `2 policies`, `an extension`."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.objects import ObjectRef

TENANT = "tenant"
"""What contains the objects that have no parents."""


def noun(kind: str) -> str:
    """The name of a kind as a word: `access package` for `access_package`."""
    return kind.replace("_", " ")


def common_noun(refs: Iterable[ObjectRef]) -> str:
    """The word for all of the objects: their kind, or `object` where it is not one and the same."""
    kinds = {ref.kind for ref in refs}
    return noun(kinds.pop()) if len(kinds) == 1 else "object"


def capitalized(word: str) -> str:
    """The word as it begins a heading."""
    return word[:1].upper() + word[1:]


def plural(word: str) -> str:
    """`extensions`, `policies`."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def singular(word: str) -> str:
    """`extension`, `policy`: the word that `plural` was made of."""
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def with_article(word: str) -> str:
    """`an extension`, `a catalog`."""
    return f"{'an' if word[:1] in tuple('aeiou') else 'a'} {word}"


def counted(number: int, word: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {word if number == 1 else plural(word)}"
