"""YAML text → nodes with places, or every mistake in the text. Knows no kind of document."""

from reconciler.yaml.tree import Hints, read_documents

__all__ = ["Hints", "read_documents"]
