"""The HTTP side of Microsoft Graph: transport, retries, throttling, paging, reads and writes.

Only `client`, `transport`, `exchange` and `requests` import the SDK or httpx, and only commands
that need Graph import them.
"""
