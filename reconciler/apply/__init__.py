"""Applying a plan: pre-check, write, read back, and report the outcome of every single change."""
