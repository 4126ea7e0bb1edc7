"""Desired against observed: which live extension is meant, and which declared properties differ from it."""
