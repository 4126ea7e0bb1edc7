"""The HTTP side of Microsoft Graph: requests through the SDK, paging, reads and single writes.

Only commands that need Graph import its modules: most of them import the SDK.
"""
