"""The JSON Schemas as text, and two validators for each: a quick one for valid documents, and one
that finds errors.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from reconciler.files import shipped
from reconciler.model.json_values import JsonValue

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
that the loader checks itself, on declarations with their defaults."""
_READ_AS_TEXT = frozenset(("number", "boolean"))
"""`displayName: 5` is the text that the author wrote, so an editor must accept a number and a
boolean for a text.
"""
_ANNOTATIONS = frozenset(("$schema", "title", "description", "examples"))

SchemaName = Literal["desired-state", "plan", "environments"]


def schema_text(name: SchemaName) -> str:
    """The JSON Schema as it is published."""
    return shipped(f"schemas/{name}.schema.json")


@functools.cache
def published_schema(name: SchemaName) -> DocumentSchema:
    """The published schema of documents, read and compiled once."""
    return DocumentSchema(json.loads(schema_text(name)))


@dataclass(frozen=True, eq=False)
class DocumentSchema:
    """A schema as it is published for editors, and the stricter one that the loader checks."""

    published: Mapping[str, Any]

    @cached_property
    def strict(self) -> dict[str, Any]:
        """The schema for documents as the loader reads them: variables have their values, plain
        numbers are text.

        The published schema also accepts a `${variable}` instead of each value, a number or a
        boolean instead of a text, and an empty document, which the loader ignores.
        """
        schema: dict[str, Any] = _strict(self.published)
        schema["type"] = "object"
        return schema

    @property
    def properties(self) -> Mapping[str, Any]:
        """The properties of a document."""
        properties: Mapping[str, Any] = self.published.get("properties", {})
        return properties

    @cached_property
    def validator(self) -> Draft202012Validator:
        """The validator that finds the errors of a document."""
        from jsonschema import Draft202012Validator

        definitions = self.strict.get("$defs", {})
        return Draft202012Validator(_resolved({**self.strict, "$defs": {}}, definitions))

    def fits(self, data: JsonValue) -> bool:
        """True when the document is valid; False when it is not, or when only `validator` can
        decide.

        jsonschema needs 0.2 ms per extension, and as long to import as all files take to check
        (ADR 0019).
        """
        try:
            return self._quick.is_valid(data)
        except ValueError:  # half a surrogate pair, which YAML can spell and UTF-8 cannot
            return False

    @cached_property
    def _quick(self) -> jsonschema_rs.Draft202012Validator:
        import jsonschema_rs

        return jsonschema_rs.Draft202012Validator(self.strict)


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(member) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    members = {
        keyword: _strict(value) for keyword, value in schema.items() if keyword not in _FOR_EDITORS
    }
    if "if" in schema:
        members = _with_both_branches(members)
    if "string" in members.get("type", ()):
        members["type"] = _alone(
            [each for each in _listed_types(members) if each not in _READ_AS_TEXT]
        )
    return members


def _with_both_branches(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the members of `else` and `then` in it: each keyword in them applies to one
    type of value.
    """
    branches = [schema.pop(keyword, {}) for keyword in ("else", "then")]
    del schema["if"]
    types = [each for branch in branches for each in _listed_types(branch)]
    merged: dict[str, Any] = schema | branches[0] | branches[1]
    merged["type"] = _alone(types)
    return merged


def _listed_types(schema: dict[str, Any]) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types


def _alone(types: list[str]) -> list[str] | str:
    """A single type without its list, so that messages can name it."""
    return types if len(types) > 1 else types[0]


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with references resolved and without annotations: the same decisions, several
    times as fast.
    """
    if isinstance(schema, list):
        return [_resolved(member, definitions) for member in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    resolved = {}
    for keyword, value in schema.items():
        if keyword == "properties":  # the names in it are no keywords
            resolved[keyword] = {
                name: _resolved(member, definitions) for name, member in value.items()
            }
        elif keyword not in _ANNOTATIONS:
            resolved[keyword] = _resolved(value, definitions)
    return resolved
