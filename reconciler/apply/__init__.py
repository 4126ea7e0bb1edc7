"""Carrying out a plan: check again, write, read back, and tell what became of every single change."""
