"""What a stranger would have to read twice: comprehensions in comprehensions, conditions in
conditions, names that say nothing, and tables whose rows are broken over lines.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "reconciler"
FILES = sorted(ROOT.rglob("*.py"))
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NAMES = {"one", "found", "told", "item"}


def nested(tree: ast.AST, kinds: tuple[type[ast.AST], ...]) -> Iterator[int]:
    """The lines with something of these kinds inside of another one."""
    for outer in ast.walk(tree):
        if isinstance(outer, kinds):
            inner = (node for node in ast.walk(outer) if node is not outer)
            yield from {outer.lineno for node in inner if isinstance(node, kinds)}


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Every docstring, also those of variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def is_whole(text: str) -> bool:
    """Whether each row of a table in the text is one line, and has all columns."""
    lines = [line.strip() for line in text.splitlines()]
    rows = [line for line in lines if line.startswith("|") or line.endswith("|")]
    whole = all(row.startswith("|") and row.endswith("|") for row in rows)
    return whole and len({row.count("|") for row in rows}) <= 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_stranger_reads_it_once(file: Path) -> None:
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    assert list(nested(tree, COMPREHENSIONS)) == [], "a comprehension in a comprehension"
    assert list(nested(tree, (ast.IfExp,))) == [], "a condition in a condition"
    named = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    named += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    assert NAMES.intersection(named) == set()
    assert all(map(is_whole, docstrings(tree))), "a table that is broken over lines"
    rooms = re.findall(r'getLogger\("reconciler[.](\w+)', text)
    assert {*rooms} <= {file.relative_to(ROOT).parts[0]}, "a logger of another room"
