"""The nouns: frozen dataclasses and pure functions on their values. Nothing here reads, writes or
asks the clock.
"""
