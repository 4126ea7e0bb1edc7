"""The commands auth check, schema, version and completion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli import complete
from reconciler.cli.help import Commands
from reconciler.cli.options import output_options, target_options

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.loader.schemas import SchemaName
    from reconciler.settings import Settings


@click.group("auth", cls=Commands)
def auth_group() -> None:
    """Checks the identity that commands use."""


@auth_group.command("check")
@output_options()
@target_options
def auth_check_command(settings: Settings, output: Output) -> None:
    """Shows identity, tenant and permissions of the access token. Never prints the token.

    Also shows what each command needs and, for a federated credential, the subject to register in
    Entra, even if Entra rejects it.
    """
    from reconciler.app.identity import auth_check
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import emit
    from reconciler.render.identity import identity_json, identity_text

    rendered = identity_json if output.format == "json" else identity_text
    checked = run_async(auth_check(settings, os.environ))
    emit(rendered(checked.identity, checked.assertion, settings.graph_url), output)
    if checked.error:
        raise checked.error


@click.command("schema")
@click.argument("name", type=click.Choice(["desired-state", "plan", "environments"]))
def schema_command(name: SchemaName) -> None:
    """Prints a JSON Schema, for editors and other tools."""
    from reconciler.loader.schemas import schema_text

    click.echo(schema_text(name), nl=False)


@click.command("version")
def version_command() -> None:
    """Prints the version."""
    click.echo(f"reconciler {__version__}")


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Prints the completion script for a shell.

    Load it in the start-up file of the shell.
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:
        raise click.UsageError(f"click has no completion for {shell}")
    root = ctx.find_root()
    click.echo(script(root.command, {}, "reconciler", complete.VARIABLE).source())
