"""Every file in tests/schemas is a case: it gives exactly what its first lines say; a valid one
only warnings.

A case of R006 also says the message: each mistake in YAML has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from documents import FORMAT

from reconciler.loader import load
from reconciler.model.diagnostic import CODES, Diagnostic

CASES = Path(__file__).parents[1] / "schemas"
VALID = sorted((CASES / "valid").glob("*.yaml"))
INVALID = sorted((CASES / "invalid").glob("*.yaml"))
EXPECTED = re.compile(r"^# expect: (R\d{3})(?: (\d+):(\d+))?$", re.MULTILINE)
MESSAGE = re.compile(r"^# message: (.*)$", re.MULTILINE)
Expected = list[tuple[str, int | None, int | None]]
OF_PATHS_AND_BYTES = {"R001", "R002", "R003", "R004", "R005"}
"""These need a file system or bytes that are no text: test_files.py."""


def expected(path: Path) -> Expected:
    """What the lines `# expect: CODE LINE:COLUMN` say, without a place for the file as a whole."""
    lines = EXPECTED.findall(path.read_text("utf-8"))
    return [
        (code, int(line) if line else None, int(column) if column else None)
        for code, line, column in lines
    ]


def reported(diagnostics: Iterable[Diagnostic]) -> Expected:
    return [(d.code, d.place.line, d.place.column) for d in diagnostics if d.place]


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_file_loads_with_exactly_the_warnings_it_says(path: Path) -> None:
    state = load([path], FORMAT)
    assert reported(state.diagnostics) == expected(path)
    assert not state.faulty and all(
        d.message.endswith(".") and d.hint.endswith(".") for d in state.diagnostics
    )


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_gives_exactly_what_it_says(path: Path) -> None:
    state = load([path], FORMAT)
    assert expected(path), "an invalid file begins with '# expect: CODE LINE:COLUMN'"
    assert reported(state.diagnostics) == expected(path)
    assert state.scopes == ()
    assert all(
        d.severity == "error" and d.message.endswith(".") and d.hint.endswith((".", "?"))
        for d in state.diagnostics
    )


@pytest.mark.parametrize(
    "path", [path for path in INVALID if path.stem.startswith("R006")], ids=lambda path: path.stem
)
def test_each_mistake_in_yaml_has_its_own_message(path: Path) -> None:
    messages = MESSAGE.findall(path.read_text("utf-8"))
    assert messages == [diagnostic.message for diagnostic in load([path], FORMAT).diagnostics]


def test_every_code_of_a_file_has_a_case() -> None:
    covered = {code for path in (*INVALID, *VALID) for code, _, _ in expected(path)}
    assert covered | OF_PATHS_AND_BYTES == {code for code in CODES if code < "R3" or code == "R312"}


def test_an_invalid_file_is_named_after_a_code_it_gives() -> None:
    assert [
        path.stem
        for path in INVALID
        if path.stem[:4] not in {code for code, _, _ in expected(path)}
    ] == []
