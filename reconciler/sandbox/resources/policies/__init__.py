"""Assignment policies (docs/graph.md §7)."""
