"""The command `help`, examples in the help of each command, and hints for the commands of other
tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent, indent

import click

from reconciler.cli import complete

SUMMARY_LIMIT = 1000
"""Characters of a summary: more than any has."""

_DELETE = "Declare the extension with `ensure: absent`, then run `reconciler apply`."
_IDENTITY = "Run `reconciler auth check` to see the identity and its permissions."
_SERVE = "Run `reconciler sandbox serve` to start the embedded Graph."
_SIGN_IN = "Sign in with another tool, for example `az login`, then run `reconciler auth check`."

ELSEWHERE: Sequence[tuple[str, str, str]] = (
    (
        "",
        "import adopt pull",
        "Run `reconciler export` to write what exists in the tenant as YAML files.",
    ),
    (
        "",
        "get list ls describe dump download backup",
        "Run `reconciler export` to print what exists in the tenant.",
    ),
    (
        "",
        "diff preview dry-run dryrun what-if whatif",
        "Run `reconciler plan` to see what apply would change.",
    ),
    (
        "",
        "status",
        (
            "Run `reconciler plan` to see what apply would change, or `reconciler drift` to see who"
            " changed the tenant."
        ),
    ),
    ("", "refresh watch", "Run `reconciler drift` to see how the tenant differs from the files."),
    (
        "",
        "up deploy run sync reconcile create update edit patch set push rollout",
        "Declare it in the files, then run `reconciler apply`.",
    ),
    ("", "destroy delete remove rm del prune down", _DELETE),
    ("", "rollback undo revert restore", "Revert the commit in Git, then run `reconciler apply`."),
    ("", "login signin sign-in connect", _SIGN_IN),
    (
        "",
        "logout signout sign-out disconnect",
        "reconciler stores no sign-in. For the Azure CLI, run `az logout`.",
    ),
    ("", "whoami identity token permissions", _IDENTITY),
    (
        "",
        "check lint test verify",
        "Run `reconciler validate` to check the files, `reconciler preflight` the Logic Apps.",
    ),
    (
        "",
        "fmt format",
        "reconciler does not format files. Run `reconciler validate` to check them.",
    ),
    (
        "",
        "state",
        (
            "reconciler keeps no state file. Run `reconciler export` to print what exists in the"
            " tenant."
        ),
    ),
    ("", "lock unlock force-unlock", "reconciler keeps no state file to lock."),
    ("", "output", "Use --format json with plan, apply, drift or show."),
    ("", "view print render", "Run `reconciler show FILE` to show a saved plan."),
    ("", "uses used-by callers tree", "Run `reconciler usage` to see what calls which extension."),
    ("", "console", "Run `reconciler plan --sandbox` to try files without a tenant."),
    (
        "",
        "graph",
        (
            "Run `reconciler usage --format mermaid` to draw what calls which extension. For the"
            " embedded Microsoft Graph, run `reconciler sandbox serve`."
        ),
    ),
    (
        "",
        "workspace env environment environments context",
        "Choose an environment of reconciler.yaml with --environment NAME.",
    ),
    (
        "",
        "new setup configure config",
        "Run `reconciler init DIR` to write the files of a new repository.",
    ),
    (
        "",
        "explain docs man",
        (
            "Run `reconciler help COMMAND`, or `reconciler schema desired-state` for the files'"
            " schema."
        ),
    ),
    ("", "serve server start", _SERVE),
    (
        "",
        "history log logs",
        "Run `reconciler drift` to see who changed what, or read `.reconciler/journal.jsonl`.",
    ),
    ("auth", "login signin sign-in", _SIGN_IN),
    ("auth", "status show whoami identity", _IDENTITY),
    ("auth", "token", f"reconciler never prints a token. {_IDENTITY}"),
    ("sandbox", "start run up", _SERVE),
    ("sandbox", "stop down", "Press Ctrl-C in the terminal where `reconciler sandbox serve` runs."),
    (
        "sandbox",
        "delete clear init",
        "Run `reconciler sandbox reset` to empty the database and fill it again.",
    ),
)
"""For each group of commands, the commands of other tools and what to do here."""

EXAMPLES: Mapping[str, str] = {
    "init": (
        """
        # Without workflows
        reconciler init my-repository --ci none

        # With GitHub workflows, in this folder; SHA is the 40 digits of a commit
        reconciler init . --action OWNER/REPO@SHA
    """
    ),
    "validate": (
        """
        # Check every file below desired_state
        reconciler validate

        # Annotate a pull request in GitHub Actions
        reconciler validate --format github
    """
    ),
    "plan": (
        """
        # Try it without a tenant, on the embedded Graph
        reconciler plan --sandbox

        # Save the plan, to apply exactly this one
        reconciler plan --out plan.json

        # One catalog of one environment
        reconciler plan --environment production --catalog Marketing
    """
    ),
    "apply": (
        """
        # Show the plan and ask before anything is written
        reconciler apply

        # Apply a plan that was saved and reviewed
        reconciler apply --plan plan.json

        # Without a prompt, for a script
        reconciler apply --auto-approve
    """
    ),
    "drift": (
        """
        # Exit with 2 if the tenant differs from the files
        reconciler drift --detailed-exitcode
    """
    ),
    "show": (
        """
        # Show a saved plan
        reconciler show plan.json

        # As Markdown, for a pull request comment
        reconciler show plan.json --format markdown
    """
    ),
    "export": (
        """
        # Print the YAML of one catalog
        reconciler export --catalog Marketing

        # Write a file for each catalog
        reconciler export --out desired_state

        # Update existing files to the values in the tenant
        reconciler export --update desired_state
    """
    ),
    "usage": (
        """
        # Who calls the extensions of one catalog
        reconciler usage --catalog Marketing

        # As tables and a picture, for a wiki on GitHub
        reconciler usage --format markdown > usage.md
    """
    ),
    "preflight": (
        """
        # Check every declared Logic App
        reconciler preflight

        # Write missing or wrong addresses of triggers into the files
        reconciler preflight --fix
    """
    ),
    "live-check": (
        """
        # Ask before anything is written, then answer the open questions
        reconciler live-check --logic-app /subscriptions/…/workflows/NAME

        # Remove what a run that was killed has left
        reconciler live-check --clean
    """
    ),
    "auth check": (
        """
        # The identity of the Azure CLI
        reconciler auth check --auth azure-cli
    """
    ),
    "schema": (
        """
        # Save the JSON Schema of the files
        reconciler schema desired-state > desired-state.schema.json
    """
    ),
    "sandbox serve": (
        """
        # On a free port, with a limit of 5 requests per second
        reconciler sandbox serve --port 0 --set rate_limit=5
    """
    ),
    "sandbox reset": (
        """
        # Start again with the seed, and with small pages
        reconciler sandbox reset --set page_size=1
    """
    ),
    "completion": (
        """
        # Save the script, then load it in the start-up file of bash
        reconciler completion bash > ~/.reconciler-completion.bash
        echo '. ~/.reconciler-completion.bash' >> ~/.bashrc
    """
    ),
    "help": (
        """
        # The help of a subcommand
        reconciler help sandbox serve
    """
    ),
}
"""The examples at the end of each command's help."""


def _hint(group: str, word: str) -> str | None:
    """What to do here instead of that command; None for a word that is not in the table."""
    return next(
        (hint for name, words, hint in ELSEWHERE if name == group and word in words.split()), None
    )


def option_hint(error: click.ClickException, arguments: Sequence[str]) -> str | None:
    """How to write an option that exists: with two dashes (Terraform has one), and after the
    command.
    """
    if not isinstance(error, click.NoSuchOption) or error.ctx is None:
        return None
    command = error.ctx.command
    options = _options(command)
    for argument in arguments:
        long = f"-{argument.partition('=')[0]}"
        if not argument.startswith("--") and long in options:
            return f"Write `{long}`, with two dashes."
    commands = command.commands.values() if isinstance(command, click.Group) else ()
    if any(error.option_name in _options(subcommand) for subcommand in commands):
        return f"Write {error.option_name} after the command."
    return None


def _options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


class Commands(click.Group):
    """A group that lists its commands in the order in which they are added, and knows the commands
    of other tools.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """The names of the commands, in the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the whole summary of every command; click would truncate it at the end of the
        line.
        """
        rows = [
            (name, command.get_short_help_str(SUMMARY_LIMIT))
            for name, command in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of this name.

        Raises:
            click.UsageError: it does not exist.
        """
        hint = _hint(ctx.command_path.partition(" ")[2], args[0].casefold())
        if hint and args[0] not in self.commands and not ctx.resilient_parsing:
            raise click.UsageError(f"No such command '{args[0]}'.\nHint: {hint}", ctx)
        return super().resolve_command(ctx, args)


def add_examples(group: click.Group, path: str = "") -> None:
    """Adds the examples to the help of every command in the group."""
    for command in group.commands.values():
        full = f"{path} {command.name}".strip()
        if isinstance(command, click.Group):
            add_examples(command, full)
        elif full in EXAMPLES:
            lines = indent(dedent(EXAMPLES[full]).strip(), "  ")
            # click leaves the lines of a paragraph as they are if the character \b precedes it.
            command.epilog = f"\b\nExamples:\n{lines}".replace("\n\n", "\n\n\b\n")


@click.command("help")
@click.argument(
    "names", nargs=-1, metavar="[COMMAND [SUBCOMMAND]]", shell_complete=complete.commands
)
@click.pass_context
def help_command(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Shows the help of a command, as --help does."""
    shown = ctx.find_root()
    for name in names:
        group = shown.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"'{shown.command_path}' has no subcommand '{name}'.", shown)
        _, command, _ = group.resolve_command(shown, [name])
        shown = click.Context(command, info_name=name, parent=shown) if command else shown
    click.echo(shown.get_help())
