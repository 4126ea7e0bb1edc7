"""One package for each resource: its routes, what a body may say, what an answer shows.

`catalogs` and `policies` may import `extensions`, which they show; no other resource knows another.
"""
