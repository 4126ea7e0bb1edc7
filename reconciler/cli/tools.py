"""The commands beside the plan: auth check, schema, version, completion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.cli.options import output_options, target_options

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.loader.schemas import SchemaName
    from reconciler.settings import Settings


@click.group("auth")
def auth_group() -> None:
    """Looks at the identity that commands run with."""


@auth_group.command("check")
@output_options()
@target_options
def auth_check_command(settings: Settings, output: Output) -> None:
    """Shows whom the token speaks for and what each command needs. Never prints the token.

    Without a secret also the subject to register; when Entra refuses it, this is shown all the same.
    """
    from reconciler import app
    from reconciler.cli.output import emit
    from reconciler.render.identity import identity_json, identity_text

    rendered = identity_json if output.format == "json" else identity_text
    checked = app.auth_check(settings, os.environ)
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
    """Prints the completion script of a shell; source it from the shell's start-up file."""
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    root = ctx.find_root()
    click.echo(complete(root.command, {}, "reconciler", "_RECONCILER_COMPLETE").source())
