"""The JSON Schemas as text, and the compiled validator of the desired state."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator


SchemaName = Literal["desired-state", "plan", "environments"]


def schema_text(name: SchemaName) -> str:
    """The JSON Schema as it is shipped: inside the wheel, or beside the package in the repository."""
    package = Path(__file__).parents[1]
    shipped, beside = (folder / "schemas" / f"{name}.schema.json" for folder in (package, package.parent))
    return (shipped if shipped.is_file() else beside).read_text("utf-8")


@functools.cache
def validator(name: SchemaName = "desired-state") -> Draft202012Validator:
    """The validator of a document of this schema, compiled once."""
    from jsonschema import Draft202012Validator

    schema = json.loads(schema_text(name))
    return Draft202012Validator(_compact(schema, schema.pop("$defs")))


def _compact(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with references written out and annotations left out: it decides the same, five times as fast."""
    if isinstance(schema, list):
        return [_compact(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _compact(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {
        keyword: {name: _compact(member, definitions) for name, member in value.items()}
        if keyword == "properties"
        else _compact(value, definitions)
        for keyword, value in schema.items()
        if keyword not in ("$schema", "title", "description", "examples")
    }
