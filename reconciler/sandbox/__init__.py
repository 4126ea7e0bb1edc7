"""An embedded fake of Microsoft Graph's entitlement-management API: HTTP on 127.0.0.1, state in
SQLite.

Written from `docs/graph.md` alone and without imports from the rest of reconciler, so that the same
bug cannot be on both sides. `server.serve` runs it, `store.reset` resets it, `switches.Switches`
changes it. This module imports nothing, so that reading the switches does not load the HTTP server.
"""
