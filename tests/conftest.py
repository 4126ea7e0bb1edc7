"""What all tests share: the Hypothesis profiles, and a clean environment for the command line."""

import gc
import os

import pytest
from harness import reconciler  # noqa: F401 - a fixture for all tests
from tiers import register_profiles

from reconciler.model.learned import forget_learned

register_profiles()


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores for `-n auto`: many tests wait for a process or a timer."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # the plugin of Hypothesis adds its mark first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Coverage is that of the examples: a property runs the same lines many times, each traced."""
    for item in items:
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Leaves all modules out of later garbage collections: the SDK's are some hundred thousand
    objects.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test: neither ours nor Azure's nor a CI's."""
    for name in os.environ:
        if name.startswith(("RECONCILER_", "AZURE_", "ACTIONS_", "GITHUB_")) or name in (
            "CI",
            "NO_COLOR",
        ):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_learned() -> None:
    """No secret that one test has seen is masked in another."""
    forget_learned()
