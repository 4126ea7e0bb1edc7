"""YAML files → desired state: every fault with its place, or canonical objects per parent.

Knows no kind: a `DocumentFormat` says which kinds documents can declare.
"""

from reconciler.loader.desired import desired_object
from reconciler.loader.environments import LoadedEnvironments, load_environments
from reconciler.loader.format import DocumentFormat
from reconciler.loader.load import (
    Loading,
    load,
    load_for_each,
    load_texts,
    read_texts,
)
from reconciler.loader.schemas import DocumentSchema, published_schema, schema_text
from reconciler.loader.whole import LoadedState

__all__ = [
    "DocumentFormat",
    "DocumentSchema",
    "LoadedEnvironments",
    "LoadedState",
    "Loading",
    "desired_object",
    "load",
    "load_environments",
    "load_for_each",
    "load_texts",
    "published_schema",
    "read_texts",
    "schema_text",
]
