"""Access packages (docs/graph.md §7)."""
