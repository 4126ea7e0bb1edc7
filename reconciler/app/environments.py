"""Which environments `reconciler.yaml` names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.loader import LoadedEnvironments, load_environments
from reconciler.loader.names import did_you_mean
from reconciler.model.environment import Environment


def named_one(named: LoadedEnvironments, name: str) -> Environment:
    """The environment of this name.

    Raises:
        UsageError: there is none.
    """
    found = next((one for one in named.environments if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in named.environments) or "none"
        question = did_you_mean(name, tuple(one.name for one in named.environments), "")
        raise UsageError(f"reconciler.yaml names no environment {name}.", hint=f"{question} It names: {known}.".strip())
    return found


def names_all(file: Path, names: Sequence[str]) -> bool:
    """Whether the file exists; then it names all of these.

    Raises:
        UsageError: it does not, or is at fault.
    """
    named = load_environments(file)
    if named.diagnostics:
        raise UsageError(
            f"{file} is at fault. Nothing was written.", hint="`reconciler validate` in its folder shows where."
        )
    for name in names if named.exists else ():
        named_one(named, name)
    return named.exists
