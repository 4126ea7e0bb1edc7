"""Answers the open questions about Graph (docs/graph.md §8) with a real tenant: each probe writes
objects of its own, and reads what becomes of them.
"""
