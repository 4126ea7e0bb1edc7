"""The table of an extension's members agrees with the schema that its users edit against."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kinds.extension.fields import FIELDS
from reconciler.loader import published_schema
from reconciler.model.objects import Path
from reconciler.model.odata import ODATA_TYPE

DEFINITIONS: dict[str, Any] = published_schema("desired-state").strict["$defs"]
NOT_IN_THE_TABLE = {"id", "ensure", ODATA_TYPE}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/$defs/")
    return DEFINITIONS[name] if name else schema


def members(schema: dict[str, Any], outer: Path = ()) -> dict[Path, dict[str, Any]]:
    """The schema of every property in the schema of an object, by its path."""
    result: dict[Path, dict[str, Any]] = {}
    for name, written in resolved(schema).get("properties", {}).items():
        path = (*outer, name)
        if name not in NOT_IN_THE_TABLE:
            result |= {path: resolved(written), **members(written, path)}
    return result


IN_SCHEMA = members(DEFINITIONS["extension"])


def test_every_member_of_the_schema_is_in_the_table_and_the_reverse() -> None:
    assert len(IN_SCHEMA) > 10
    assert set(IN_SCHEMA) == {*FIELDS.members, *FIELDS.canonical_paths}


@pytest.mark.parametrize("path", IN_SCHEMA, ids="/".join)
def test_null_and_numbers_are_allowed_where_the_table_says_so(path: Path) -> None:
    types = IN_SCHEMA[path]["type"]
    types = [types] if isinstance(types, str) else types
    field = FIELDS.field(FIELDS.canonical_paths.get(path, path))
    assert ("null" in types) == field.nullable
    assert ("integer" in types) == field.number
    assert ("object" in types) == (field.types is not None)


def types_in(schema: dict[str, Any]) -> set[str]:
    return {FIELDS.short_type(name) for name in resolved(schema)["enum"]}


def test_the_types_of_the_schema_are_those_of_the_table() -> None:
    assert types_in(DEFINITIONS["extensionType"]) == set(FIELDS.types)
    for name, field in FIELDS.objects.items():
        inside = IN_SCHEMA[(name,)]["properties"]
        assert types_in(inside[ODATA_TYPE]) == set(field.types or ())


def test_defaults_take_every_member_that_can_be_inherited() -> None:
    inherited = members(DEFINITIONS["defaults"])
    own = {(name,) for name in FIELDS.own_names()}
    assert set(inherited) == set(IN_SCHEMA) - own
