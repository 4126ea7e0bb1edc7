"""Everything that talks to Microsoft Graph: reading it truthfully, writing to it safely.

Only `client`, `transport` and `credentials` import the SDK, and only commands that need Graph import them.
"""
