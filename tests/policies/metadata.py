"""Microsoft's metadata of v1.0 as types with members; it is not in every checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_schema_validator import OAS30Validator, oas30_format_checker

MATERIAL = Path(__file__).parents[2].parent / "shared"
METADATA = MATERIAL / "graph" / "openapi-entitlement-subset-put.yaml"
FILES = MATERIAL / "policies"
GRAPH = "microsoft.graph."
POLICY_TYPE = f"{GRAPH}accessPackageAssignmentPolicy"

needs_metadata = pytest.mark.skipif(not METADATA.exists(), reason="Microsoft's metadata is missing")
needs_files = pytest.mark.skipif(not FILES.exists(), reason="the example policies are missing")

Schema = dict[str, Any]


@cache
def types() -> dict[str, Schema]:
    """Every schema by its name.

    Raises:
        FileNotFoundError: the metadata is missing; a test that needs it is marked `needs_metadata`.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(METADATA.read_text(encoding="utf-8"), Loader=loader)
    schemas: dict[str, Schema] = document["components"]["schemas"]
    return schemas


def referred(schema: Schema) -> str | None:
    """The name of the type that the schema refers to, alone or as the alternative to null."""
    references = [part.get("$ref") for part in [schema, *schema.get("anyOf", ())]]
    name = next((reference for reference in references if reference), None)
    return name and name.rpartition("/")[2]


def is_nullable(schema: Schema) -> bool:
    """True when null is a value of the schema."""
    return any(part.get("nullable") for part in [schema, *schema.get("anyOf", ())])


@cache
def members(type_name: str) -> dict[str, Schema]:
    """The members of a type by their names, with those that it inherits."""
    schema = types()[type_name]
    inherited: dict[str, Schema] = {}
    for part in [*schema.get("allOf", ()), schema]:
        base = referred(part)
        inherited |= members(base) if base else part.get("properties", {})
    return inherited


@cache
def concrete(type_name: str) -> tuple[str, ...]:
    """The types that an object declared so can have; its own only if that is not abstract.

    A member of a type without required `@odata.type` may also come without a type.
    """
    schema = _with_discriminator(type_name)
    derived = [
        name.removeprefix("#") for name in schema.get("discriminator", {}).get("mapping", ())
    ]
    typed = "@odata.type" in schema.get("required", ())
    return tuple(derived) if typed else (type_name, *derived)


def _with_discriminator(type_name: str) -> Schema:
    """The part of the type's schema that has its discriminator and required members."""
    schema = types()[type_name]
    parts = [part for part in schema.get("allOf", ()) if "$ref" not in part]
    merged: Schema = {}
    for part in [*parts, schema]:
        merged |= part
    return merged


@cache
def _validator(type_name: str) -> OAS30Validator:
    # A derived type refers to its root, whose discriminator leads back to it: without them the
    # validator ends. `problems` checks the concrete types instead.
    plain = {
        name: {key: value for key, value in schema.items() if key != "discriminator"}
        for name, schema in types().items()
    }
    schema = {"$ref": f"#/components/schemas/{type_name}", "components": {"schemas": plain}}
    return OAS30Validator(schema, format_checker=oas30_format_checker)


def problems(value: Any, type_name: str = POLICY_TYPE) -> list[str]:
    """Where a plain value differs from what its type declares, at any depth.

    Each object inside is checked by itself: where null is allowed, the metadata allows any object.
    """
    errors = _validator(type_name).iter_errors(value)
    faults = [f"{type_name}: {error.message}" for error in errors]
    for name, schema in members(type_name).items():
        declared = referred(schema.get("items", schema))
        held = value.get(name) if declared else None
        for inner in held if isinstance(held, list) else [held]:
            if isinstance(inner, dict):
                faults += problems(inner, _type_of(inner, str(declared)))
    return faults


def _type_of(value: dict[str, Any], declared: str) -> str:
    named = str(value.get("@odata.type")).removeprefix("#")
    return named if named in types() else declared
