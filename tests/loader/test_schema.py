"""The schema as an editor sees it: complete, explained, true examples; and as the loader compiles
it.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from documents import FORMAT
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.kinds.catalog import CATALOG
from reconciler.kinds.extension.fields import FIELDS, TIMEOUT
from reconciler.loader import schema_text
from reconciler.loader.schema_wording import WORDING
from reconciler.loader.schemas import SchemaName, published_schema
from reconciler.model.durations import duration_s
from reconciler.model.nodes import data_of
from reconciler.model.odata import ODATA_TYPE
from reconciler.yaml.tree import read_documents

PUBLISHED: dict[str, Any] = json.loads(schema_text("desired-state"))
PUBLISHED_VALIDATOR = Draft202012Validator(PUBLISHED)
DOCUMENT = published_schema("desired-state")
SCHEMA = DOCUMENT.strict
"""What documents are checked against once their variables have values."""
TYPE = "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension"
GUID = "38ab2ccc-3747-4567-b36b-9478f5602f0d"
TEXTS = [
    *(
        TYPE,
        GUID,
        GUID + "\n",
        GUID.upper(),
        "PT1H",
        "P1D",
        "PT5M\n",
        "P1M",
        "٣",
        "PT٣H",
        "a\n",
        "\u2003",
        "\x85",
        "\ud800",
    ),
    "https://prod-31.westeurope.logic.azure.com:443/workflows/0/triggers/manual/paths/invoke?api-version=2016-10-01",
]


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from schemas(member, f"{path}/{name}")
    if "items" in schema:
        yield from schemas(schema["items"], f"{path}/*")


ALL = dict(schemas(SCHEMA))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(PUBLISHED)
    Draft202012Validator.check_schema(SCHEMA)


def filled(schema: dict[str, Any], value: str) -> Any:
    """A document with this text in the place of every value."""
    schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "items" in schema:
        return [filled(schema["items"], value)]
    members = schema.get("properties", {})
    if not members or "string" in schema["type"]:
        return value
    return {
        name: filled(member, value)
        for name, member in members.items()
        if name != "durationBeforeTimeout"
    }


PLACES = [
    path
    for path, schema in ALL.items()
    if not {"properties", "items"} & set(schema) and "type" in schema
]


@pytest.mark.parametrize("value", ["${x}", "a-${x_1}-b", "${a}${b}", "$ ${x}"])
def test_what_is_shipped_takes_a_variable_in_every_value(value: str) -> None:
    document = filled(SCHEMA, value)
    for catalog in (value, {"id": value}):
        Draft202012Validator(PUBLISHED).validate(document | {"catalog": catalog})
        assert jsonschema_rs.Draft202012Validator(PUBLISHED).is_valid(
            document | {"catalog": catalog}
        )
    assert len(PLACES) > 20 and json.dumps(document).count(json.dumps(value)) > 20


@pytest.mark.parametrize("value", ["$${x}", "${x", "${1}", "$x", "x"])
def test_what_is_no_variable_is_checked_as_a_value(value: str) -> None:
    document = filled(SCHEMA, value)
    shipped, strict = (Draft202012Validator(schema) for schema in (PUBLISHED, SCHEMA))
    faulty = [error.json_path for error in strict.iter_errors(document)]
    assert [error.json_path for error in shipped.iter_errors(document)] == faulty
    assert len(faulty) > 15


def test_a_value_that_was_put_in_is_checked_strictly() -> None:
    faulty = [
        error.json_path
        for error in Draft202012Validator(SCHEMA).iter_errors(filled(SCHEMA, "${x}"))
    ]
    assert len(faulty) > 15
    assert not DOCUMENT.fits(filled(SCHEMA, "${x}"))


@pytest.mark.parametrize("path", ALL)
def test_every_property_is_explained_by_text_and_true_examples(path: str) -> None:
    schema = ALL[path]
    assert schema["description"].endswith(".")
    for example in schema["examples"]:
        Draft202012Validator(schema | {"$defs": SCHEMA["$defs"]}).validate(example)
    assert schema["examples"]


VALID = sorted((Path(__file__).parents[1] / "schemas" / "valid").glob("*.yaml"))


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_what_is_published_accepts_every_valid_file(path: Path) -> None:
    documents, _ = read_documents(path.read_text("utf-8"))
    assert [
        error.message
        for node in documents
        for error in PUBLISHED_VALIDATOR.iter_errors(data_of(node, FORMAT.json_types))
    ] == []


@pytest.mark.parametrize("value", [5, 1.5, True, "5"])
def test_what_is_published_accepts_a_plain_number_for_text_and_the_loader_reads_text(
    value: Any,
) -> None:
    document = {"catalog": value, "extensions": []}
    assert PUBLISHED_VALIDATOR.is_valid(document)
    assert DOCUMENT.fits(document) == isinstance(value, str)


def test_what_is_published_requires_what_defaults_do_not_give() -> None:
    extension = {"displayName": "a"}
    whole = {
        ODATA_TYPE: TYPE,
        "endpointConfiguration": {
            "subscriptionId": GUID,
            "resourceGroupName": "a",
            "logicAppWorkflowName": "b",
        },
        "authenticationConfiguration": {
            ODATA_TYPE: "#microsoft.graph.azureAdPopTokenAuthentication"
        },
    }
    assert PUBLISHED_VALIDATOR.is_valid({"catalog": "a", "extensions": [extension | whole]})
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        assert PUBLISHED_VALIDATOR.is_valid(
            {"catalog": "a", "defaults": whole, "extensions": [extension | rest]}
        )
        assert not PUBLISHED_VALIDATOR.is_valid(
            {"catalog": "a", "defaults": rest, "extensions": [extension]}
        )


@pytest.mark.parametrize("name", ["desired-state", "environments"])
def test_an_editor_shows_words_instead_of_a_pattern(name: SchemaName) -> None:
    schema = json.loads(schema_text(name))
    variable = schema["$defs"].get("variable")  # only a condition, which gives no error
    holders = [each for each in _dictionaries(schema) if isinstance(each.get("pattern"), str)]
    assert holders and all(
        "patternErrorMessage" in each for each in holders if each is not variable
    )


def _dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    members = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    )
    if isinstance(value, dict):
        yield value
    for member in members:
        yield from _dictionaries(member)


def test_nothing_unknown_passes_anywhere() -> None:
    objects = [path for path, schema in ALL.items() if "properties" in schema]
    assert len(objects) > 8
    assert [path for path in objects if ALL[path]["additionalProperties"] is not False] == []


def test_it_knows_what_the_model_knows() -> None:
    assert set(ALL["/extensions/*"]["properties"]) == {ODATA_TYPE, "id", "ensure", *FIELDS.top}
    assert set(ALL["/catalog"]["properties"]) == {"id", *CATALOG.fields.top}
    assert set(ALL["/defaults"]["properties"]) == {ODATA_TYPE, *FIELDS.top} - {"displayName"}
    for name, field in FIELDS.objects.items():
        members = {member for names in (field.types or {}).values() for member in names}
        known = set(ALL[f"/extensions/*/{name}"]["properties"]) - {
            ODATA_TYPE,
            "durationBeforeTimeout",
        }
        assert known == members


@given(text=st.from_regex(r"P?[0-9]{0,2}[DWM]?T?([0-9]{1,2}[HM])?([0-9](\.[0-9])?S)?\n?"))
def test_a_duration_is_what_the_model_can_compute(text: str) -> None:
    schema = ALL[f"/extensions/*/callbackConfiguration/{TIMEOUT}"]
    assert Draft202012Validator(schema).is_valid(text) == (duration_s(text) is not None)


def test_every_keyword_has_a_wording() -> None:
    silent = {"$schema", "$defs", "title", "description", "examples", "properties", "items", "$ref"}
    environments = published_schema("environments").strict
    everywhere = [*ALL.values(), *_all_within(environments)]
    used = {keyword for schema in everywhere for keyword in schema} - silent
    assert used == set(WORDING)


def _all_within(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    if isinstance(schema.get("additionalProperties"), dict):
        inner.append(schema["additionalProperties"])
    for one in inner:
        yield from _all_within(one)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.sampled_from(TEXTS),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(sorted({path.rpartition("/")[2] for path in ALL})), inner
            )
        ),
        max_leaves=12,
    )
)
def test_the_compiled_validators_decide_like_the_schema(document: Any) -> None:
    valid = Draft202012Validator(SCHEMA).is_valid(document)
    assert DOCUMENT.validator.is_valid(document) == valid
    assert valid or not DOCUMENT.fits(document)  # a no is only the beginning of a search for faults


SOUND = {"@odata.type": TYPE, "displayName": "a", "endpointConfiguration": {"subscriptionId": GUID}}


@pytest.mark.parametrize("path", [("displayName",), ("description",),
    ("endpointConfiguration", "subscriptionId"), ("endpointConfiguration", "url"),
    ("callbackConfiguration", "timeoutDuration"), ("id",),
    ("clientConfiguration", "maximumRetries")])  # fmt: skip
@given(st.text() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(TEXTS))
def test_both_validators_agree_on_every_value(path: tuple[str, ...], value: Any) -> None:
    extension = copy.deepcopy(SOUND)
    holder = extension if len(path) == 1 else extension.setdefault(path[0], {})
    holder[path[-1]] = value
    document = {"catalog": value if isinstance(value, str) else "a", "extensions": [extension]}
    assert not DOCUMENT.fits(document) or DOCUMENT.validator.is_valid(document)


PATTERNS = sorted(
    {one["pattern"] for one in (*ALL.values(), SCHEMA["$defs"]["catalog"]) if "pattern" in one}
)
SAMPLES = ["", "a", "https://", GUID, GUID[:-1], "PT1H", "PT1"]
CHARACTERS = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.thorough
def test_both_engines_read_every_pattern_alike_for_every_character(pattern: str) -> None:
    """What is white space or a digit is where engines differ: at either end of what else the
    pattern takes.
    """
    quick, slow = jsonschema_rs.Draft202012Validator({"pattern": pattern}), re.compile(pattern)
    texts = (
        text for sample in SAMPLES for one in CHARACTERS for text in (sample + one, one + sample)
    )
    assert [text for text in texts if quick.is_valid(text) != bool(slow.search(text))] == []


def test_what_is_sound_fits_without_jsonschema(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(json.dumps({"catalog": "a", "extensions": []}))
    code = (
        "import sys; from pathlib import Path; from documents import FORMAT; "
        "from reconciler.loader import load; "
        "print(load([Path('a.yaml')], FORMAT).faulty, 'jsonschema' in sys.modules)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "False False\n"


def test_the_schema_is_found_in_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "reconciler" / "schemas").mkdir(parents=True)
    (tmp_path / "reconciler" / "schemas" / "plan.schema.json").write_text("{}")
    for source in Path(__file__).parents[2].joinpath("reconciler").rglob("*.py"):
        if source.relative_to(Path(__file__).parents[2]).parts[1] in (
            "__init__.py",
            "errors.py",
            "files.py",
            "signals.py",
            "model",
            "yaml",
            "loader",
        ):
            target = tmp_path / source.relative_to(Path(__file__).parents[2])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    code = "from reconciler.loader import schema_text; print(schema_text('plan'))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "{}\n"


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, reconciler.loader; print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(answer.stdout.replace("'", '"')))
    assert not loaded & {"msgraph", "azure", "deepdiff", "rich", "click", "jsonschema", "aiohttp"}
