"""Catalogs (docs/graph.md §1.1)."""
