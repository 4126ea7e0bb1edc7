"""What the log says about throttling: the only sign of it that an operator gets."""

import pytest


def consequences(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says about the requests after each pause of all."""
    pauses = [text for text in caplog.messages if "Pausing all requests; " in text]
    return [text.rpartition("; ")[2].removesuffix(".") for text in pauses]


def concurrencies(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Each concurrency that the log names, in order."""
    texts = [text for text in caplog.messages if " concurrency r" in text]
    return [int(text.removesuffix(".").rpartition(" ")[2]) for text in texts]
