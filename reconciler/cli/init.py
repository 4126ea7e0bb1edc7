"""The command that writes the files of a new repository."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from reconciler.errors import UsageError
from reconciler.model.wording import enumerated

NOTES = {"Updated": " (added the missing lines)", "Kept": " (already exists)"}


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--ci",
    type=click.Choice(["github", "none"]),
    default="github",
    show_default=True,
    help="Workflows to write.",
)
@click.option(
    "--action",
    metavar="OWNER/REPO@SHA",
    help="The action that the workflows call, pinned by its commit. Required for --ci github.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    help="Write workflows for this environment of reconciler.yaml; repeatable.",
)
def init_command(folder: Path, ci: str, action: str | None, environments: tuple[str, ...]) -> None:
    """Writes the files of a new repository into DIR. Overwrites nothing.

    These are an example in desired_state, JSON Schemas and settings for the editor, a .gitignore,
    and workflows for GitHub Actions unless --ci none is given.
    """
    from reconciler.app.new_repository import write_repository
    from reconciler.cli.output import tell
    from reconciler.render.escape import visible

    _check(ci, action)
    for file, done in write_repository(folder, action, environments).items():
        click.echo(visible(f"{done} {file}{NOTES.get(done, '')}"))
    tell("\n".join(["Next steps:", *_numbered(_next_steps(folder, action, environments))]))


def _check(ci: str, action: str | None) -> None:
    """Returns if `--ci` and `--action` go together.

    Raises:
        UsageError: they do not.
    """
    if ci == "github" and action is None:
        raise UsageError(
            "--action is missing: the GitHub workflows call it.",
            hint="Add --action OWNER/REPO@SHA, or add --ci none to write no workflows.",
        )
    if ci == "none" and action is not None:
        raise UsageError("--action cannot be combined with --ci none.", hint="Omit one of them.")


def _numbered(steps: Iterator[str]) -> list[str]:
    return [f"  {number}. {step}" for number, step in enumerate(steps, 1)]


def _next_steps(folder: Path, action: str | None, environments: Sequence[str]) -> Iterator[str]:
    """What to do next; several environments have GitHub environments and a check each."""
    if folder.resolve() != Path.cwd():
        yield f"Change to the folder: cd {shlex.quote(str(folder))}"
    yield "Declare your extensions in desired_state, then check the files: reconciler validate"
    if environments:
        yield "Set the tenant_id of each environment in reconciler.yaml"
    named = f" --environment {environments[0]}" if environments else ""
    yield f"Try them without a tenant: reconciler plan --sandbox{named}"
    if action is None:
        yield (
            "Sign in, for example with az login, then see what would change: reconciler"
            f" plan{named}"
        )
        yield f"Apply the changes: reconciler apply{named}"
        return
    suffixes = [f"-{name}" for name in environments] or [""]
    needed = [f"reconciler-{job}{suffix}" for suffix in suffixes for job in ("plan", "apply")]
    checks = ["validate", *(f"plan-gate{suffix}" for suffix in suffixes)]
    manual = f"https://github.com/{action.replace('@', '/blob/')}/docs/github.md"
    yield (
        f"On GitHub, set up the environments {enumerated(needed)}, with an identity for each:"
        f" {manual}"
    )
    yield f"Commit, push, and require the checks {enumerated(checks)} on the main branch"
