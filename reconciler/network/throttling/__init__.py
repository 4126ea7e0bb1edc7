"""The mechanisms of throttling, one per module; `reconciler/network/throttle.py` composes them."""
