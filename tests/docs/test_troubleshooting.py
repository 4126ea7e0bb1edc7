"""docs/troubleshooting.md has every error that the code can raise, and quotes none that
it cannot.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
from doc_pages import ROOT, rows, text_of

from reconciler.render.sentences import SENTENCES

PAGE = ROOT / "docs/troubleshooting.md"
EXPLAINED = (
    "AuthenticationError",
    "GarbledAnswerError",
    "ServiceAnswerError",
    "ServiceRefusalError",
    "ServiceUnansweredError",
    "InvalidFilesError",
    "JournalError",
    "OutputError",
    "RefusedError",
    "StalePlanError",
)
"""Usage errors are missing here: their hint says all there is to say."""


@cache
def sources() -> list[ast.Module]:
    return [ast.parse(text_of(path)) for path in sorted((ROOT / "reconciler").rglob("*.py"))]


def literal(node: ast.expr) -> str:
    """A text with `…` for each part that varies; "" for what is no text. The service is Graph."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "…" for part in node.values)
    if isinstance(node, ast.FormattedValue) and ast.unparse(node.value) == "self._service":
        return "Graph"
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return ""


def raised() -> Iterator[str]:
    """The message of every error that an operator can meet, its longest fixed part."""
    for module in sources():
        for node in ast.walk(module):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in EXPLAINED
                and node.args
            ):
                longest = max(re.split("…|\n", literal(node.args[0])), key=len).strip()
                if len(longest) > 12:
                    yield longest


def quoted() -> list[str]:
    """The messages in the first columns of the page's tables, at most one backtick deep."""
    first_cells = [row[0] for row in rows(text_of(PAGE))]
    return [message for cell in first_cells for message in re.findall("`([^`]+)`", cell)]


@pytest.mark.parametrize("message", sorted(set(raised())))
def test_every_error_is_explained(message: str) -> None:
    assert message.replace("`", "") in text_of(PAGE).replace("`", "")


def test_both_directions_compare_something() -> None:
    assert len(set(raised())) > 35
    assert len(quoted()) > 40


@cache
def texts() -> str:
    """Every text of the code, one after another, and every sentence about an extension."""
    words = {"kind": "extension", "kinds": "extensions", "parent": "catalog", "scope": "catalog"}
    sentences = [
        re.sub("{(\\w+)}", lambda match: words.get(match[1], "…"), sentence)
        for sentence in SENTENCES.values()
    ]
    return "\0".join(sentences) + "\0".join(
        literal(node)
        for module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.expr)
    )


@pytest.mark.parametrize("message", quoted())
def test_every_quoted_message_is_one_of_ours(message: str) -> None:
    fragments = [fragment.strip(" ():;.,") for fragment in message.split("…")]
    assert not [fragment for fragment in fragments if len(fragment) > 5 and fragment not in texts()]
