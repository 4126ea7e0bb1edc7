"""Live objects as new desired-state files, as a person would write them."""
