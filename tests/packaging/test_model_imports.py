"""The model imports nothing from above, not even for types: import-linter leaves those out."""

import ast
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[2] / "reconciler" / "model"
BELOW = ("reconciler.model", "reconciler.errors")


@pytest.mark.parametrize("file", sorted(MODEL.glob("*.py")), ids=lambda file: file.name)
def test_a_module_of_the_model_imports_only_the_model_and_the_errors(file: Path) -> None:
    imported = [
        node.module or ""
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    ours = [module for module in imported if module.startswith("reconciler")]
    assert [module for module in ours if not module.startswith(BELOW)] == []
