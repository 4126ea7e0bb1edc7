"""The JSON Schemas as text, and two validators for each: a quick one for valid documents, and one
that finds errors.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reconciler.model.types import JsonValue

if TYPE_CHECKING:
    import jsonschema_rs
    from jsonschema import Draft202012Validator


_FOR_EDITORS = frozenset(
    (
        "allOf",
        "dependentSchemas",
        "propertyNames",
        "defaultSnippets",
        "errorMessage",
        "patternErrorMessage",
    )
)
"""Keywords of the published schemas that only an editor needs: suggestions, messages, and rules
that the loader checks itself, on extensions with their defaults."""
_READ_AS_TEXT = frozenset(("number", "boolean"))
"""`displayName: 5` is the text that the author wrote, so an editor must accept a number and a
boolean for a text.
"""

SchemaName = Literal["desired-state", "plan", "environments"]


def schema_text(name: SchemaName) -> str:
    """The JSON Schema as it is published: inside the wheel, or beside the package in the
    repository.
    """
    package = Path(__file__).parents[1]
    in_wheel, in_repository = (
        folder / "schemas" / f"{name}.schema.json" for folder in (package, package.parent)
    )
    return (in_wheel if in_wheel.is_file() else in_repository).read_text("utf-8")


def strict_schema(name: SchemaName) -> dict[str, Any]:
    """The schema for documents as the loader reads them: variables have their values, plain numbers
    are text.

    The published schema, for editors, also accepts a `${variable}` instead of each value, a number
    or a boolean instead of a text, and an empty document, which the loader ignores.
    """
    schema: dict[str, Any] = _strict(json.loads(schema_text(name)))
    schema["type"] = "object"
    return schema


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    members = {
        keyword: _strict(value) for keyword, value in schema.items() if keyword not in _FOR_EDITORS
    }
    if "if" in schema:
        members = _with_both_branches(members)
    if "string" in members.get("type", ()):
        types = [each for each in _listed_types(members) if each not in _READ_AS_TEXT]
        members["type"] = types if len(types) > 1 else types[0]
    return members


def _with_both_branches(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the members of `else` and `then` in it: each keyword in them applies to one
    type of value.
    """
    branches = [schema.pop(keyword, {}) for keyword in ("else", "then")]
    del schema["if"]
    types = [each for branch in branches for each in _listed_types(branch)]
    merged: dict[str, Any] = schema | branches[0] | branches[1]
    merged["type"] = types if len(types) > 1 else types[0]
    return merged


def _listed_types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def fits(data: JsonValue, name: SchemaName) -> bool:
    """True when the document is valid; False when it is not, or when only `validator` can decide.

    jsonschema needs 0.2 ms per extension, and as long to import as all files take to check (ADR
    0019).
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
    """The schema with references resolved and without annotations: the same decisions, five times
    as fast.
    """
    if isinstance(schema, list):
        return [_compact(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _compact(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    return {
        keyword: (
            {name: _compact(member, definitions) for name, member in value.items()}
            if keyword == "properties"
            else _compact(value, definitions)
        )
        for keyword, value in schema.items()
        if keyword not in ("$schema", "title", "description", "examples")
    }
