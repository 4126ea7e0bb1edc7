"""JSON of others is read strictly and in one place, and what is written is JSON."""

import ast
import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reconciler
from reconciler.model.json_values import canonical_json
from reconciler.model.strict_json import MOST_LEVELS, InvalidJsonError, parsed
from reconciler.render.escape import json_value

NOT_FINITE = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "1" + "0" * 309,
    "-" + "9" * 400,
    "9" * 5_000,
]
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_json_is_read_as_it_is(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value).encode(), json.dumps(value).encode("utf-16")):
        assert parsed(text, most_levels=100) == value


def test_a_member_that_stands_twice_is_refused_where_members_must_be_unique() -> None:
    text = '{"a": [{"b": 1, "c\\u202e": 2, "b": 1}]}'
    assert parsed(text) == {"a": [{"b": 1, "c\u202e": 2}]}
    with pytest.raises(InvalidJsonError, match=r'^has the member "b" twice$'):
        parsed(text, unique_members=True)
    hidden = "\u202e" * 99
    with pytest.raises(InvalidJsonError) as refusal:
        parsed(f'{{"{hidden}": 1, "{hidden}": 1}}', unique_members=True)
    shown = r"\u202e" * 50
    assert str(refusal.value) == f'has the member "{shown}" twice'
    assert parsed('{"a": {"a": 1}, "b": {"a": 1}}', unique_members=True)["b"] == {"a": 1}


@pytest.mark.parametrize("number", NOT_FINITE)
@pytest.mark.parametrize("around", ["{}", "[{}]", '{{"a": {{"b": [1, {}]}}}}'])
def test_a_number_that_is_not_finite_is_refused(number: str, around: str) -> None:
    with pytest.raises(
        InvalidJsonError, match=r"not JSON: it holds the number|number that is too large"
    ):
        parsed(around.format(number))


def test_large_numbers_that_every_reader_knows_are_read() -> None:
    assert parsed("[1e308, -1e308, 9007199254740993]") == [1e308, -1e308, 9007199254740993]
    assert parsed("1" + "0" * 308) == 10**308


@pytest.mark.parametrize("opened", ["[", '{"a":'])
@pytest.mark.parametrize("inner", ["", "0", '{"a": 0}'])
def test_nesting_has_a_bound(opened: str, inner: str) -> None:
    closed = {"[": "]", '{"a":': "}"}[opened]
    innermost = inner or ("[]" if opened == "[" else "{}")
    within = MOST_LEVELS - innermost.count("{") - innermost.count("[")
    assert parsed(opened * within + innermost + closed * within) is not None
    for depth in (within + 1, 400, 990, 100_000):
        with pytest.raises(InvalidJsonError, match="nests deeper than 32 levels"):
            parsed(opened * depth + innermost + closed * depth)


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{'a': 1}", '"\t"', "[1,]", "01", "nul", b"\xff\xfe\xfd", "\ufeff{}", "{} {}"],
)
def test_anything_else_is_not_json(text: str | bytes) -> None:
    with pytest.raises(InvalidJsonError, match="is not JSON"):
        parsed(text)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_no_number_is_written_that_is_not_json(number: float) -> None:
    for write in (canonical_json, json_value):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write({"a": [number]})


PACKAGE = Path(reconciler.__file__).parent
OUR_OWN_TEXT = {"apply/watch.py", "app/__init__.py", "loader/schemas.py", "sandbox/store.py"}
"""They read what this package has written or ships."""
READERS = OUR_OWN_TEXT | {"model/strict_json.py", "sandbox/strict_json.py"}


@cache
def json_calls() -> list[tuple[str, ast.Call]]:
    """Every call of the json module, with the file it is in."""
    nodes = [
        (file.relative_to(PACKAGE).as_posix(), node)
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]
    return [
        (file, node)
        for file, node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("json.")
    ]


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Every call of this function of the json module, with the file it is in."""
    return [(file, node) for file, node in json_calls() if ast.unparse(node.func) == f"json.{name}"]


def test_every_json_text_is_written_without_nan() -> None:
    written = calls("dumps")
    assert len(written) > 5
    assert [file for file, call in written if "allow_nan=False" not in ast.unparse(call)] == []


def test_the_json_of_others_is_read_strictly() -> None:
    assert {file for file, _ in calls("loads")} == READERS
    assert calls("load") == calls("dump") == []
