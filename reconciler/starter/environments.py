"""Workflows for several environments: every name that two of them would share gets the name of the
environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reconciler.errors import UsageError
from reconciler.model.environment import ENVIRONMENT_NAME

JOB = r"(?<=^    name: )[a-z]+$"
"""GitHub identifies a check by the name of its job alone: of two with the same name, either would
satisfy a rule.
"""

SHARED: Mapping[str, Sequence[str]] = {
    "reconciler-plan.yml": (
        "reconciler plan",
        "reconciler-plan",
        "plan-gate",
        JOB,
        r"(?<=see the job )[a-z]+",
    ),
    "reconciler-apply.yml": (
        "reconciler apply",
        "reconciler-apply",
        "reconciler-plan",
        "reconciler-tenant",
        "reconciler-journal",
        JOB,
    ),
    # All environments share the label, of at most 50 characters: a marker in each issue tells them
    # apart.
    "reconciler-drift.yml": (
        "reconciler drift",
        r"(?<!LABEL: )reconciler-drift",
        "reconciler-plan",
        "reconciler-tenant",
        JOB,
    ),
}
"""What two environments must not share, by workflow, as patterns: everything that GitHub identifies
by name alone.
"""

_CALL = re.compile(r"^        uses: \./\n        with:\n( +)command: [a-z]+\n", re.MULTILINE)


def checked(names: Sequence[str]) -> None:
    """Returns if these names can be used together.

    Raises:
        UsageError: a name is invalid or was given twice; GitHub ignores case.
    """
    for number, name in enumerate(names):
        if not ENVIRONMENT_NAME.fullmatch(name):
            raise UsageError(
                f"--environment {name} is not a valid name of an environment.",
                hint="Use at most 64 letters, digits, - and _, beginning with a letter or digit.",
            )
        if name.casefold() in (earlier.casefold() for earlier in names[:number]):
            raise UsageError(
                f"--environment {name} was given twice.",
                hint="Names are compared without regard to case.",
            )


def in_environment(workflow: str, text: str, name: str) -> str:
    """The workflow for an environment: `-NAME` after every identifier, ` (NAME)` after every title.

    Its calls of the action pass the environment.
    """
    for pattern in SHARED[workflow]:
        _must_be(re.search(pattern, text, re.MULTILINE) is not None, workflow, pattern)
    # In one pass: the name of the environment may itself match a pattern.
    text = re.sub(
        "|".join(SHARED[workflow]),
        lambda match: _suffixed(match[0], name),
        text,
        flags=re.MULTILINE,
    )
    text, calls = _CALL.subn(lambda call: f'{call[0]}{call[1]}environment: "{name}"\n', text)
    _must_be(calls == text.count("uses: ./") > 0, workflow, "the command of every call")
    return text


def _suffixed(shared: str, name: str) -> str:
    """Names with a hyphen are identifiers, the others are titles."""
    return f"{shared}-{name}" if "-" in shared else f"{shared} ({name})"


def _must_be(holds: bool, workflow: str, what: str) -> None:
    if not holds:
        raise AssertionError(
            f"{workflow} has changed: {what} is not found in it, and environments would share it"
        )
