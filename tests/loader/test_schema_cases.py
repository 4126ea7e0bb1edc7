"""Every file in tests/schemas is a case: a valid one loads, an invalid one gives exactly what its first lines say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.loader import load
from reconciler.model.diagnostic import CODES

CASES = Path(__file__).parents[1] / "schemas"
VALID = sorted((CASES / "valid").glob("*.yaml"))
INVALID = sorted((CASES / "invalid").glob("*.yaml"))
EXPECTED = re.compile(r"^# expect: (R\d{3}) (\d+):(\d+)$", re.MULTILINE)
OF_PATHS_AND_BYTES = {"R001", "R002", "R003", "R004", "R005"}
"""These need a file system or bytes that are no text: test_files.py."""


def expected(path: Path) -> list[tuple[str, int, int]]:
    found = EXPECTED.findall(path.read_text("utf-8"))
    assert found, "an invalid file begins with '# expect: CODE LINE:COLUMN'"
    return [(code, int(line), int(column)) for code, line, column in found]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_file_loads(path: Path) -> None:
    assert load([path]).diagnostics == ()


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_gives_exactly_what_it_says(path: Path) -> None:
    state = load([path])
    assert [(d.code, d.place.line, d.place.column) for d in state.diagnostics if d.place] == expected(path)
    assert state.catalogs == ()
    assert all(
        d.severity == "error" and d.message.endswith(".") and d.hint.endswith((".", "?")) for d in state.diagnostics
    )


def test_every_code_of_a_file_has_a_case() -> None:
    covered = {code for path in INVALID for code, _, _ in expected(path)}
    assert covered | OF_PATHS_AND_BYTES == {code for code in CODES if code < "R3"}


def test_an_invalid_file_is_named_after_a_code_it_gives() -> None:
    assert [path.stem for path in INVALID if path.stem[:4] not in {code for code, _, _ in expected(path)}] == []
