"""The command that begins a repository."""

from __future__ import annotations

from pathlib import Path

import click

NEXT = """
Next:
  1. Declare your extensions in desired_state/, then check them: reconciler validate
  2. Set up the environments reconciler-plan and reconciler-apply, and an identity for each:
     https://github.com/{action}/docs/github.md
  3. Commit, push, and require the checks validate and plan-gate on the main branch.
"""


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--action",
    required=True,
    metavar="OWNER/REPO@SHA",
    help="The action that the workflows call, pinned by its commit.",
)
def init_command(folder: Path, action: str) -> None:
    """Writes workflows and a starter desired state for a new repository. Overwrites nothing."""
    from reconciler import app
    from reconciler.render.escape import visible

    for file in app.init(folder, action):
        click.echo(visible(f"Wrote {file}"))
    click.echo(NEXT.format(action=action.replace("@", "/blob/")), nl=False)
