"""The JSON Schemas as text, and two validators of each: a quick one that says yes, one that says what is wrong."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.types import JsonValue

if TYPE_CHECKING:
    import jsonschema_rs
    from jsonschema import Draft202012Validator


_VARIABLE = {"$ref": "#/$defs/variable"}
SchemaName = Literal["desired-state", "plan", "environments"]


def schema_text(name: SchemaName) -> str:
    """The JSON Schema as it is shipped: inside the wheel, or beside the package in the repository."""
    package = Path(__file__).parents[1]
    shipped, beside = (folder / "schemas" / f"{name}.schema.json" for folder in (package, package.parent))
    return (shipped if shipped.is_file() else beside).read_text("utf-8")


def strict_schema(name: SchemaName) -> dict[str, Any]:
    """The schema of documents whose variables have their values: a text like one is no value any more.

    What is shipped, for editors, accepts a `${variable}` beside every value that has a form.
    """
    schema: dict[str, Any] = _without_variables(json.loads(schema_text(name)))
    return schema


def _without_variables(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_variables(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    members = {keyword: _without_variables(value) for keyword, value in schema.items()}
    if _VARIABLE in members.get("anyOf", ()):
        [value] = [choice for choice in members.pop("anyOf") if choice != _VARIABLE]
        members |= value
    return members


def fits(data: JsonValue, name: SchemaName) -> bool:
    """True when the document fits the schema; False when it does not, or when only `validator` can tell.

    jsonschema takes 0.2 ms for an extension and as long to import as all files take to check (ADR 0019).
    """
    try:
        return _quick(name).is_valid(data)
    except ValueError:  # half a surrogate pair, which YAML can spell and UTF-8 cannot
        return False


@functools.cache
def _quick(name: SchemaName) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(strict_schema(name))


@functools.cache
def validator(name: SchemaName = "desired-state") -> Draft202012Validator:
    """The validator of a document of this schema, compiled once."""
    from jsonschema import Draft202012Validator

    schema = strict_schema(name)
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
