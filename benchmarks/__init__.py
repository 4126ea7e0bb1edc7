"""How long commands take beside their peers: `make bench` measures, compares what was found, and
writes RESULTS.md.
"""
