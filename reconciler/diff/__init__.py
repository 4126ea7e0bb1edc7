"""Desired against observed: which live extension a declaration matches, and which declared
properties differ.
"""
