"""Access packages, which are only read (docs/graph.md §7.2)."""
