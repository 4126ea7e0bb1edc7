"""`$filter`: the expressions that docs/graph.md §1.3 documents, anything else is a 400.

Grammar: `displayName eq '…'`, `id eq '…'`, `contains(displayName,'…')`,
`contains(tolower(displayName),'…')`, with `and`, `or`, parentheses; a quote inside a literal is
doubled. A resource may allow paths as well, as `catalog/id`.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from reconciler.sandbox.checks import Json
from reconciler.sandbox.errors import bad_request


@dataclass(frozen=True)
class Predicate:
    """A test of a document; `names` holds the only folded display names that can pass, None for any
    name.

    `has_or`: the expression contains `or`.
    """

    passes: Callable[[Json], bool]
    names: frozenset[str] | None = None
    has_or: bool = False

    def __call__(self, document: Json) -> bool:
        """Whether the document passes."""
        return self.passes(document)


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<literal>'(?:[^']|'')*')|(?P<word>[A-Za-z]+(?:/[A-Za-z]+)*)|(?P<sign>[(),]))"
)
PROPERTIES: Final = ("displayName", "id")
_DEEPEST: Final = 50


def parse_filter(expression: str | None, properties: Collection[str] = PROPERTIES) -> Predicate:
    """A test of a document; without an expression every document passes.

    Raises: GraphError 400 for syntax, a property or an operator that is not supported.
    """
    if expression is None:
        return Predicate(lambda _document: True)
    parser = _Parser(_tokens(expression), expression, properties)
    predicate = parser.either(0)
    parser.end()
    return predicate


def _tokens(expression: str) -> list[str]:
    tokens, position, text = [], 0, expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unsupported(expression)
        tokens.append(match[0].strip() if match["literal"] is None else match["literal"])
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, tokens: list[str], expression: str, properties: Collection[str]) -> None:
        self._tokens = tokens
        self._properties = properties
        self._next = 0
        self._expression = expression

    def either(self, depth: int) -> Predicate:
        terms = [self._both(depth)]
        while self._take_if("or"):
            terms.append(self._both(depth))
        if len(terms) == 1:
            return terms[0]
        names = [term.names for term in terms if term.names is not None]
        all_names = frozenset[str]().union(*names) if len(names) == len(terms) else None
        return Predicate(
            lambda document: any(term(document) for term in terms), all_names, has_or=True
        )

    def end(self) -> None:
        if self._next != len(self._tokens):
            raise _unsupported(self._expression)

    def _both(self, depth: int) -> Predicate:
        terms = [self._one(depth)]
        while self._take_if("and"):
            terms.append(self._one(depth))
        if len(terms) == 1:
            return terms[0]
        names = (term.names for term in terms if term.names is not None)
        has_or = any(term.has_or for term in terms)
        return Predicate(
            lambda document: all(term(document) for term in terms), next(names, None), has_or
        )

    def _one(self, depth: int) -> Predicate:
        if depth > _DEEPEST:
            raise _unsupported(self._expression)
        if self._take_if("("):
            inner = self.either(depth + 1)
            self._expect(")")
            return inner
        return self._contains() if self._take_if("contains") else self._equals()

    def _contains(self) -> Predicate:
        self._expect("(")
        lowered = self._take_if("tolower")
        if lowered:
            self._expect("(")
        name = self._property()
        if lowered:
            self._expect(")")
        self._expect(",")
        part = self._literal()
        self._expect(")")
        # tolower() lowers the property, not the literal: a literal in capitals matches nothing.
        return Predicate(lambda document: part in _text(document, name, lowered=lowered))

    def _equals(self) -> Predicate:
        name = self._property()
        self._expect("eq")
        literal = folded(self._literal())
        names = frozenset((literal,)) if name == "displayName" else None
        return Predicate(lambda document: folded(_text(document, name)) == literal, names)

    def _property(self) -> str:
        name = self._take()
        if name not in self._properties:
            raise _unsupported(self._expression)
        return name

    def _literal(self) -> str:
        token = self._take()
        if not token.startswith("'"):
            raise _unsupported(self._expression)
        return token[1:-1].replace("''", "'")

    def _take(self) -> str:
        if self._next == len(self._tokens):
            raise _unsupported(self._expression)
        self._next += 1
        return self._tokens[self._next - 1]

    def _take_if(self, token: str) -> bool:
        matches = self._next < len(self._tokens) and self._tokens[self._next] == token
        self._next += matches
        return matches

    def _expect(self, token: str) -> None:
        if self._take() != token:
            raise _unsupported(self._expression)


def folded(text: str) -> str:
    """The text for comparison: directory services ignore case."""
    return text.casefold()


def _text(document: Json, name: str, *, lowered: bool = False) -> str:
    value: Any = document
    for member in name.split("/"):
        value = value.get(member) if isinstance(value, dict) else None
    text = str(value or "")
    return text.lower() if lowered else text


def _unsupported(expression: str) -> Exception:
    return bad_request(f"Invalid or unsupported filter clause: {expression}")
