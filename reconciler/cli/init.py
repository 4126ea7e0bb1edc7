"""The command that begins a repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

NEXT = """
Next:
  1. Declare your extensions in desired_state/, then check them: reconciler validate
  2. Set up the environments {environments}, and an identity for each:
     https://github.com/{action}/docs/github.md
  3. Commit, push, and require the checks {checks} on the main branch.
"""


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--action",
    required=True,
    metavar="OWNER/REPO@SHA",
    help="The action that the workflows call, pinned by its commit.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="An environment of reconciler.yaml that gets workflows of its own; repeatable.",
)
def init_command(folder: Path, action: str, environments: tuple[str, ...]) -> None:
    """Writes workflows and a starter desired state for a new repository. Overwrites nothing."""
    from reconciler import app
    from reconciler.render.escape import visible

    written = app.init(folder, action, environments)
    for file in written:
        click.echo(visible(f"Wrote {file}"))
    named = folder / "reconciler.yaml"
    if environments and named not in written:
        click.echo(visible(f"Kept {named}, which names the environments"))
    click.echo(_next(action, environments), nl=False)


def _next(action: str, environments: Sequence[str]) -> str:
    """What to do after that; where several tenants are, each has environments and a check of its own."""
    suffixes = [f"-{one}" for one in environments] or [""]
    return NEXT.format(
        environments=_listed([f"reconciler-{job}{suffix}" for suffix in suffixes for job in ("plan", "apply")]),
        checks=_listed(["validate", *(f"plan-gate{suffix}" for suffix in suffixes)]),
        action=action.replace("@", "/blob/"),
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"
