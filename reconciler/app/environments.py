"""Which environments `reconciler.yaml` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.loader import LoadedEnvironments, load_environments
from reconciler.model.environment import Environment
from reconciler.model.wording import did_you_mean


def environment_named(named: LoadedEnvironments, name: str) -> Environment:
    """The environment of this name.

    Raises:
        UsageError: there is none.
    """
    environments = {environment.name: environment for environment in named.environments}
    if name not in environments:
        known = ", ".join(environments) or "none"
        question = did_you_mean(name, tuple(environments), "")
        raise UsageError(
            f"No environment named {name} in reconciler.yaml.",
            hint=f"{question} It names: {known}.".strip(),
        )
    return environments[name]


def names_all(file: Path, names: Sequence[str]) -> bool:
    """Whether the file exists; then it names all of these.

    Raises:
        UsageError: it does not name them, or is invalid.
    """
    named = load_environments(file)
    if named.diagnostics:
        raise UsageError(
            f"{file} is invalid. Nothing was written.",
            hint="Run `reconciler validate` in its folder to see the errors.",
        )
    for name in names if named.exists else ():
        environment_named(named, name)
    return named.exists
