"""The query options of a request, checked against what the resource supports; anything else is a
400.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import GraphError, bad_request
from reconciler.sandbox.filters import Predicate, parse_filter
from reconciler.sandbox.numbers import whole_number


@dataclass(frozen=True)
class Expand:
    """A tree of navigation properties: those that can be expanded, or those that a
    request expands.
    """

    inner: Mapping[str, "Expand"]

    def __contains__(self, name: str) -> bool:
        """Whether that navigation property is in the tree."""
        return name in self.inner

    def under(self, name: str) -> "Expand":
        """The tree below a navigation property; empty if that is not in this tree."""
        return self.inner.get(name, NOTHING)

    @property
    def first(self) -> "Expand":
        """The tree with its first navigation property only."""
        return Expand(dict(list(self.inner.items())[:1]))


NOTHING: Final = Expand({})
_EXPAND: Final = re.compile(r"\s*(?P<name>[A-Za-z]+)\s*(?P<end>[(),;]?)")
_DEEPEST: Final = 5


@dataclass(frozen=True)
class Options:
    """The options of one request; an empty `select` means every property."""

    matches: Predicate
    select: frozenset[str]
    expand: Expand
    top: int | None
    skip_token: str | None

    def project(self, answer: Json) -> Json:
        """The answer with the selected members only; the type and expanded members are
        always kept.
        """
        if not self.select:
            return answer
        return {
            name: value
            for name, value in answer.items()
            if name in self.select or name == "@odata.type" or name in self.expand
        }


def parse_options(
    query: Mapping[str, str],
    properties: frozenset[str],
    filterable: Collection[str],
    expandable: Expand,
    *,
    collection: bool,
) -> Options:
    """The options of a query string; `collection` allows `$filter`, `$top` and `$skiptoken` too.

    `$orderby`, `$search`, `$skip` and `$count` are only in generated clients (docs/graph.md §1.3):
    a 400.
    """
    allowed = {"$select", "$expand"} | ({"$filter", "$top", "$skiptoken"} if collection else set())
    for name in query:
        if name.startswith("$") and name not in allowed:
            raise bad_request(f"The query option '{name}' is not supported on this resource.")
    return Options(
        parse_filter(query.get("$filter"), filterable),
        _select(query.get("$select"), properties),
        _expand(query.get("$expand"), expandable),
        _top(query.get("$top")),
        query.get("$skiptoken"),
    )


def _select(value: str | None, properties: frozenset[str]) -> frozenset[str]:
    names = (
        frozenset(part.strip() for part in value.split(","))
        if value is not None
        else frozenset[str]()
    )
    for name in names - properties:
        raise bad_request(f"Could not find a property named '{name}' to select.")
    return names


def _top(value: str | None) -> int | None:
    if value is None:
        return None
    number = whole_number(value)
    if number is None:
        raise bad_request(f"Invalid value '{value}' for $top.")
    return number


def _expand(value: str | None, expandable: Expand) -> Expand:
    if value is None:
        return NOTHING
    tree, rest = _expand_list(value, expandable, 0)
    if rest:
        raise _bad_expand(value)
    return tree


def _expand_list(text: str, expandable: Expand, depth: int) -> tuple[Expand, str]:
    """The tree of `a,b($expand=c)` and the text after it."""
    tree: dict[str, Expand] = {}
    while True:
        match = _EXPAND.match(text)
        if match is None or match["name"] not in expandable or depth > _DEEPEST:
            raise _bad_expand(text)
        name, end, text = match["name"], match["end"], text[match.end() :]
        tree[name] = NOTHING
        if end == "(":
            tree[name], text = _nested(text, expandable.under(name), depth)
            end, text = text[:1], text[1:]
        if end != ",":
            return Expand(tree), end + text


def _nested(text: str, expandable: Expand, depth: int) -> tuple[Expand, str]:
    if not text.startswith(
        "$expand="
    ):  # other options in parentheses are not documented for these resources
        raise _bad_expand(text)
    tree, rest = _expand_list(text.removeprefix("$expand="), expandable, depth + 1)
    if not rest.startswith(")"):
        raise _bad_expand(text)
    return tree, rest[1:]


def _bad_expand(text: str) -> GraphError:
    return bad_request(f"Invalid or unsupported $expand at '{text}'.")
