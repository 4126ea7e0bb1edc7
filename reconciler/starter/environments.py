"""What a workflow of one tenant becomes for one of several environments: every name it shares is made its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reconciler.errors import UsageError
from reconciler.model.environment import ENVIRONMENT_NAME

JOB = r"(?<=^    name: )[a-z]+$"
"""A check is known by its job's name alone, whatever its workflow: of two with one name, either would do."""

SHARED: Mapping[str, Sequence[str]] = {
    "reconciler-plan.yml": ("reconciler plan", "reconciler-plan", "plan-gate", JOB, r"(?<=see the job )[a-z]+"),
    "reconciler-apply.yml": (
        "reconciler apply",
        "reconciler-apply",
        "reconciler-plan",
        "reconciler-tenant",
        "reconciler-journal",
        JOB,
    ),
    # The label stays one for all, and may be 50 characters long at most: the marker in them keeps the issues apart.
    "reconciler-drift.yml": (
        "reconciler drift",
        r"(?<!LABEL: )reconciler-drift",
        "reconciler-plan",
        "reconciler-tenant",
        JOB,
    ),
}
"""What two environments must not share, by workflow, as patterns: all that GitHub knows by its name alone."""

_CALL = re.compile(r"^        uses: \./\n        with:\n( +)command: [a-z]+\n", re.MULTILINE)


def checked(names: Sequence[str]) -> None:
    """Nothing, if these can be the names of environments beside each other.

    Raises:
        UsageError: one cannot be a name, or is given twice; GitHub does not tell upper from lower case.
    """
    for number, name in enumerate(names):
        if not ENVIRONMENT_NAME.fullmatch(name):
            raise UsageError(
                f"--environment {name} cannot be the name of an environment.",
                hint="Use letters, digits, `-` and `_`, at most 64, beginning with a letter or digit.",
            )
        if name.casefold() in (one.casefold() for one in names[:number]):
            raise UsageError(f"--environment {name} was given twice.", hint="Upper and lower case count as the same.")


def in_environment(workflow: str, text: str, name: str) -> str:
    """The text of a workflow for the environment: `-NAME` after every identifier, ` (NAME)` after every title.

    Its calls of the action say the environment.
    """
    for pattern in SHARED[workflow]:
        _must_be(re.search(pattern, text, re.MULTILINE) is not None, workflow, pattern)
    # All at once: the name of the environment may itself be one that is looked for.
    text = re.sub("|".join(SHARED[workflow]), lambda one: _suffixed(one[0], name), text, flags=re.MULTILINE)
    text, calls = _CALL.subn(lambda call: f'{call[0]}{call[1]}environment: "{name}"\n', text)
    _must_be(calls == text.count("uses: ./") > 0, workflow, "the command of every call")
    return text


def _suffixed(found: str, name: str) -> str:
    """A title is for people to read, anything with a hyphen for machines."""
    return f"{found}-{name}" if "-" in found else f"{found} ({name})"


def _must_be(holds: bool, workflow: str, what: str) -> None:
    if not holds:
        raise AssertionError(f"{workflow} has changed: {what} is not found in it, and environments would share it")
