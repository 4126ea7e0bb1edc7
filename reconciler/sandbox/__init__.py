"""An embedded fake of Microsoft Graph's entitlement-management API: HTTP on 127.0.0.1, state in SQLite.

Written from `docs/graph.md` alone and importing nothing of the reconciler, so that one mistake cannot
hide on both sides. `server.serve` runs it, `store.reset` empties it, `switches.Switches` makes it awkward.
This module imports nothing, so that reading the switches never pays for the HTTP server.
"""
