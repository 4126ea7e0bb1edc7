"""Custom workflow extensions (docs/graph.md §1.2, §2)."""
