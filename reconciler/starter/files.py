"""The files of a new repository. Its workflows are our own ones, which call the action of their own
checkout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from reconciler import __version__
from reconciler.errors import UsageError
from reconciler.files import shipped
from reconciler.starter.environments import checked, in_environment

EXAMPLE = "desired_state/example.yaml"
WORKFLOWS = ".github/workflows"
VALIDATE = "reconciler-validate.yml"
PER_TENANT = ("reconciler-plan.yml", "reconciler-apply.yml", "reconciler-drift.yml")
OWN_ACTION = "uses: ./\n"
ENVIRONMENTS_FILE = "reconciler.yaml"
GITIGNORE = ".gitignore"
IGNORED = (".reconciler/", "live-facts.json")
SCHEMAS = ("schemas/desired-state.schema.json", "schemas/environments.schema.json")
EDITOR_FILES = (".vscode/settings.json", ".vscode/extensions.json")
KEPT = (*SCHEMAS, *EDITOR_FILES)
"""Files that a repository may already have: they are kept. Any other file that exists is an error.
"""

_ACTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[\w.-]+@[0-9a-f]{40}", re.ASCII)


def starter_files(action: str | None, environments: Sequence[str] = ()) -> dict[str, str]:
    """The text of every file by its path in the repository, in the order in which to print them.

    Without an action there are no workflows. With environments, there are workflows for each of
    them, and `reconciler.yaml` names them.

    Raises:
        UsageError: the action is not pinned as `OWNER/REPO@SHA`, or an environment name is invalid.
    """
    checked(environments)
    return {
        **(_workflows(action, environments) if action is not None else {}),
        EXAMPLE: _beside("example.yaml"),
        **({ENVIRONMENTS_FILE: _naming(environments)} if environments else {}),
        **{file: shipped(file) for file in SCHEMAS},
        **{file: _beside(Path(file).name) for file in EDITOR_FILES},
        GITIGNORE: "".join(f"{line}\n" for line in IGNORED),
    }


def ignoring(gitignore: bytes) -> bytes:
    """The content of a `.gitignore` with those of our lines at its end that it does not have."""
    lines = {line.strip().strip(b"/") for line in gitignore.splitlines()}
    missing = [line.encode() for line in IGNORED if line.strip("/").encode() not in lines]
    if not missing:
        return gitignore
    eol = b"\r\n" if b"\r\n" in gitignore else b"\n"
    gap = eol if gitignore and not gitignore.endswith(b"\n") else b""
    return gitignore + gap + b"".join(line + eol for line in missing)


def _workflows(action: str, environments: Sequence[str]) -> dict[str, str]:
    if not _ACTION.fullmatch(action):
        raise UsageError(
            f"--action {action} is not OWNER/REPO@SHA.",
            hint=(
                "Give the whole commit, 40 hexadecimal digits: a tag or a branch can be moved to"
                " other code, which would run with the permissions of your workflows."
            ),
        )
    called = f"uses: {action} # v{__version__}\n"
    workflows = {VALIDATE: _workflow(VALIDATE), **_per_tenant(environments)}
    return {
        f"{WORKFLOWS}/{name}": text.replace(OWN_ACTION, called) for name, text in workflows.items()
    }


def _per_tenant(environments: Sequence[str]) -> dict[str, str]:
    if not environments:
        return {name: _workflow(name) for name in PER_TENANT}
    return {
        f"{Path(name).stem}-{environment}.yml": in_environment(name, _workflow(name), environment)
        for environment in environments
        for name in PER_TENANT
    }


def _naming(environments: Sequence[str]) -> str:
    """`reconciler.yaml`: its first lines, and the lines of an environment for each name."""
    head, body = _beside("environments.yaml").split("  NAME:\n")
    return head + "".join(f"  {name}:\n{body}" for name in environments)


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _workflow(name: str) -> str:
    return shipped(f"{WORKFLOWS}/{name}")
