"""The use cases: each is one short function. Nothing here prints or starts an event loop.

Whatever needs Graph is imported when it is used: the SDK takes 300 ms to import, which `validate`
must not pay.
"""
