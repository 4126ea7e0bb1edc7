"""Golden files: `RENEW_GOLDEN=1 pytest tests/render` writes them anew; without it they are only
compared.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a rendering with its golden file, byte for byte."""

    def check(name: str, actual: str) -> None:
        path = GOLDEN / name
        if os.environ.get("RENEW_GOLDEN") == "1":
            path.write_bytes(actual.encode())
        assert actual == path.read_bytes().decode(), f"{name} differs; RENEW_GOLDEN=1 renews it"

    return check
