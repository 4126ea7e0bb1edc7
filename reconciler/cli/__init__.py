"""The command line: arguments → settings → one use case → exit code. Nothing else prints.

Modules here import click and little else; each command imports what it needs when it runs, so that
`--help` is fast.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import click

from reconciler import __version__
from reconciler.cli import complete
from reconciler.cli.apply import apply_command
from reconciler.cli.export import export_command
from reconciler.cli.given import learn_given
from reconciler.cli.help import Commands, add_examples, help_command, option_hint
from reconciler.cli.init import init_command
from reconciler.cli.live_check import live_check_command
from reconciler.cli.plans import drift_command, plan_command, show_command, validate_command
from reconciler.cli.preflight import preflight_command
from reconciler.cli.sandbox import sandbox_group
from reconciler.cli.streams import robust_streams
from reconciler.cli.tools import auth_group, completion_command, schema_command, version_command
from reconciler.cli.usage import usage_command
from reconciler.errors import ReconcilerError
from reconciler.signals import INTERRUPTED


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s")
def cli() -> None:
    """Makes custom workflow extensions of Microsoft Entra entitlement management match YAML files.

    \b
    Start a repository:       reconciler init my-repository --ci none
    Try it without a tenant:  reconciler plan --sandbox
    Help of one command:      reconciler help plan
    """  # noqa: D301 - click keeps the line breaks of a paragraph after the character \b


for command in (
    init_command,
    validate_command,
    plan_command,
    apply_command,
    drift_command,
    show_command,
    export_command,
    usage_command,
    preflight_command,
    live_check_command,
    auth_group,
    sandbox_group,
    schema_command,
    completion_command,
    version_command,
    help_command,
):
    cli.add_command(command)
add_examples(cli)


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line (interface: exit codes; usage errors are 1, never click's
    2).
    """
    learn_given(arguments, os.environ)
    if complete.VARIABLE in os.environ:
        from reconciler.cli.bash import register

        register()
    with robust_streams():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = cli.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt) as stopped:
        click.echo(str(stopped) or "Interrupted.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        from reconciler.cli.output import tell

        written = io.StringIO()
        error.show(written)
        hint = option_hint(error, arguments)
        tell(written.getvalue().rstrip("\n").expandtabs(2) + (f"\nHint: {hint}" if hint else ""))
        return 1
    except ReconcilerError as error:
        from reconciler.cli.output import tell_error

        tell_error(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - Python itself would print any exception with the secrets in it
        from reconciler.cli.output import tell_bug

        tell_bug(error)
        return 1
    return code if isinstance(code, int) else 0
