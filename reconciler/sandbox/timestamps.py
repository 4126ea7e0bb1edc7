"""Moments as Graph writes them."""

from datetime import UTC, datetime


def timestamp() -> str:
    """Now, in UTC, with seven digits of fraction as .NET writes them."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z"
