"""YAML files → desired state: every fault with its place, or canonical extensions per catalog."""

from reconciler.loader.environments import LoadedEnvironments, load_environments
from reconciler.loader.load import LoadedState, load, load_for_each, load_texts, read_texts
from reconciler.loader.schemas import schema_text

__all__ = [
    "LoadedEnvironments",
    "LoadedState",
    "load",
    "load_environments",
    "load_for_each",
    "load_texts",
    "read_texts",
    "schema_text",
]
