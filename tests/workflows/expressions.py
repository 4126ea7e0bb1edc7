"""The small part of GitHub's expression language that our workflows use; anything else
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Contexts = dict[str, Any]

_TOKEN = re.compile(
    r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|[!()]|[A-Za-z_][\w-]*(?:\.[A-Za-z_*][\w-]*)*)"
)
_WHOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
STATUS = ("always", "cancelled", "failure", "success")


def interpolated(text: Any, contexts: Contexts) -> str:
    """The text of a YAML value with every `${{ }}` replaced."""
    raw = str(text).lower() if isinstance(text, bool) else str(text)
    return _WHOLE.sub(lambda match: _text(evaluated(match[1], contexts)), raw)


def condition(text: Any, contexts: Contexts) -> bool:
    """Whether an `if` holds; `success()` goes without saying, unless it names a status itself."""
    match = _WHOLE.fullmatch(str(text).strip())
    source = match[1] if match else str(text)
    if not re.search(rf"\b({'|'.join(STATUS)})\(", source):
        source = f"success() && ({source})"
    return _truth(evaluated(source, contexts))


def evaluated(source: str, contexts: Contexts) -> Any:
    """The value of one expression."""
    tokens, at = [], 0
    source = source.strip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise SyntaxError(f"not an expression we know: {source[at:]!r}")
        tokens.append(match[1])
        at = match.end()
    parser = _Parser(tokens, contexts)
    value = parser.alternatives()
    if parser.tokens:
        raise SyntaxError(f"not an expression we know: {source!r}")
    return value


class _Parser:
    """Recursive descent over the tokens that are left."""

    def __init__(self, tokens: list[str], contexts: Contexts) -> None:
        self.tokens, self.contexts = tokens, contexts

    def alternatives(self) -> Any:
        return self._chain(
            "||", self._conjunction, lambda left, right: left if _truth(left) else right
        )

    def _conjunction(self) -> Any:
        return self._chain(
            "&&", self._comparison, lambda left, right: right if _truth(left) else left
        )

    def _chain(
        self, operator: str, part: Callable[[], Any], joined: Callable[[Any, Any], Any]
    ) -> Any:
        value = part()
        while self._taken(operator):
            value = joined(value, part())
        return value

    def _comparison(self) -> Any:
        left = self._operand()
        if self._taken("=="):
            return _same(left, self._operand())
        if self._taken("!="):
            return not _same(left, self._operand())
        return left

    def _operand(self) -> Any:
        if self._taken("!"):
            return not _truth(self._operand())
        if self._taken("("):
            value = self.alternatives()
            assert self._taken(")")
            return value
        token = self.tokens.pop(0)
        if self._taken("("):
            assert self._taken(")"), f"{token}() takes arguments here"
            return self.contexts["status"][token]
        return token[1:-1].replace("''", "'") if token.startswith("'") else self._looked_up(token)

    def _looked_up(self, path: str) -> Any:
        name, *members = path.split(".")
        value = self.contexts[name]  # an unknown context is a fault; an absent member is empty
        for member in members:
            value = value.get(member) if isinstance(value, dict) else None
        return value

    def _taken(self, token: str) -> bool:
        if self.tokens[:1] != [token]:
            return False
        self.tokens.pop(0)
        return True


def _truth(value: Any) -> bool:
    return value not in (None, "", False)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _same(left: Any, right: Any) -> bool:
    """Equal as GitHub sees it: texts ignoring case, nothing and the empty text alike."""
    return _text(left).casefold() == _text(right).casefold()
