"""What a new repository begins with. Its workflows are our own ones, which call the action of their own checkout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from reconciler import __version__
from reconciler.errors import UsageError
from reconciler.starter.environments import checked, in_environment

VALIDATE = "reconciler-validate.yml"
OF_A_TENANT = ("reconciler-plan.yml", "reconciler-apply.yml", "reconciler-drift.yml")
OWN_ACTION = "uses: ./\n"
ENVIRONMENTS_FILE = "reconciler.yaml"

_ACTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[\w.-]+@[0-9a-f]{40}", re.ASCII)


def starter_files(action: str, environments: Sequence[str] = ()) -> dict[str, str]:
    """The text of every file by its path in the repository, in the order in which to name them.

    With environments, the workflows of a tenant are there once for each, and `reconciler.yaml` names them.

    Raises:
        UsageError: the action is not pinned as `OWNER/REPO@SHA`, or the environments cannot have these names.
    """
    if not _ACTION.fullmatch(action):
        raise UsageError(
            f"--action {action} is not OWNER/REPO@SHA.",
            hint="Give the commit in full, 40 hexadecimal digits: whoever can move a tag or a branch could have other "
            "code run with the rights of your workflows.",
        )
    checked(environments)
    called = f"uses: {action} # v{__version__}\n"
    workflows = {VALIDATE: _shipped(VALIDATE), **_of_tenants(environments)}
    return {
        **{f".github/workflows/{name}": text.replace(OWN_ACTION, called) for name, text in workflows.items()},
        "desired_state/example.yaml": _beside("example.yaml"),
        **({ENVIRONMENTS_FILE: _named(environments)} if environments else {}),
    }


def _of_tenants(environments: Sequence[str]) -> dict[str, str]:
    if not environments:
        return {name: _shipped(name) for name in OF_A_TENANT}
    return {
        f"{Path(name).stem}-{one}.yml": in_environment(name, _shipped(name), one)
        for one in environments
        for name in OF_A_TENANT
    }


def _named(environments: Sequence[str]) -> str:
    """`reconciler.yaml`: its head, and the body of an environment for each."""
    head, body = _beside("environments.yaml").split("  NAME:\n")
    return head + "".join(f"  {name}:\n{body}" for name in environments)


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _shipped(name: str) -> str:
    """A workflow as it is shipped: inside the wheel, or in the repository that the package stands in."""
    package = Path(__file__).parents[1]
    shipped, beside = package / "workflows" / name, package.parent / ".github" / "workflows" / name
    return (shipped if shipped.is_file() else beside).read_text("utf-8")
