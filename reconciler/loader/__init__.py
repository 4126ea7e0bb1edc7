"""YAML files → desired state: every fault with its place, or canonical extensions, catalog by catalog."""

from reconciler.loader.load import LoadedState, load
from reconciler.loader.schemas import schema_text

__all__ = ["LoadedState", "load", "schema_text"]
