"""The mechanisms of throttling, one per module; `reconciler/graph/throttle.py` composes them."""
