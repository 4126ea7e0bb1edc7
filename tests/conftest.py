"""What all tests share: one Hypothesis profile, and a clean environment for the command line."""

import os

import pytest
from harness import reconciler  # noqa: F401 - a fixture for all tests
from hypothesis import HealthCheck, settings

from reconciler.model.learned import forget_learned

settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test: neither ours nor Azure's nor a CI's."""
    for name in os.environ:
        if name.startswith(("RECONCILER_", "AZURE_", "ACTIONS_", "GITHUB_")) or name in ("CI", "NO_COLOR"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_learned() -> None:
    """No secret that one test has seen is masked in another."""
    forget_learned()
