"""What a new repository begins with. Its workflows are our own ones, which call the action of their own checkout."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler import __version__
from reconciler.errors import UsageError

WORKFLOWS = ("reconciler-validate.yml", "reconciler-plan.yml", "reconciler-apply.yml", "reconciler-drift.yml")
OWN_ACTION = "uses: ./\n"

_ACTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[\w.-]+@[0-9a-f]{40}", re.ASCII)


def starter_files(action: str) -> dict[str, str]:
    """The text of every file by its path in the repository, in the order in which to name them.

    Raises:
        UsageError: the action is not pinned as `OWNER/REPO@SHA`.
    """
    if not _ACTION.fullmatch(action):
        raise UsageError(
            f"--action {action} is not OWNER/REPO@SHA.",
            hint="Give the commit in full, 40 hexadecimal digits: whoever can move a tag or a branch could have other "
            "code run with the rights of your workflows.",
        )
    called = f"uses: {action} # v{__version__}\n"
    workflows = {f".github/workflows/{name}": _workflow(name).replace(OWN_ACTION, called) for name in WORKFLOWS}
    return {**workflows, "desired_state/example.yaml": Path(__file__).with_name("example.yaml").read_text("utf-8")}


def _workflow(name: str) -> str:
    """A workflow as it is shipped: inside the wheel, or in the repository that the package stands in."""
    package = Path(__file__).parents[1]
    shipped, beside = package / "workflows" / name, package.parent / ".github" / "workflows" / name
    return (shipped if shipped.is_file() else beside).read_text("utf-8")
