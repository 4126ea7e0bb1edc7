"""Which tests `make test` runs: every behaviour once. What only adds depth is left to `make
test-thorough`.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def register_profiles() -> None:
    """The number of examples of each property: `--hypothesis-profile` chooses, `quick` is the
    default.
    """
    settings.register_profile(
        "quick", max_examples=25, deadline=None, suppress_health_check=SUPPRESSED
    )
    settings.register_profile(
        "thorough", max_examples=100, deadline=None, suppress_health_check=SUPPRESSED
    )
    settings.load_profile("quick")


def examples(usual: int) -> int:
    """The number of examples of a property that is slower or faster than others, where 100 are
    usual.
    """
    return max(5, usual * settings().max_examples // 100)


def sample(cases: Iterable[Any], quick: Callable[[Any], bool]) -> list[Any]:
    """The cases for `parametrize`; the quick tier runs only those that `quick` accepts."""
    return [case if quick(case) else _thorough(case) for case in cases]


def _thorough(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.thorough)
