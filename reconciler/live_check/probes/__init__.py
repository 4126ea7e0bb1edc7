"""One module per probe. Each is a plain function that makes what it needs, asks, and notes what it
decides; none depends on another.
"""
