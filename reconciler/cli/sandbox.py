"""The commands that serve and reset the embedded Graph."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import complete
from reconciler.cli.help import Commands
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.sandbox.switches import Switches

database_option = click.option(
    "--sandbox-db",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".reconciler/sandbox.sqlite3"),
    show_default=True,
    envvar="RECONCILER_SANDBOX_DB",
    help="Database of the embedded Graph.",
)
seed_option = click.option(
    "--seed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON file with the contents of a new database (its seed).",
)
set_option = click.option(
    "--set",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=complete.switches,
    help=(
        "Set a switch, which changes how the embedded Graph behaves (docs/sandbox.md); repeatable."
    ),
)


@click.group("sandbox", cls=Commands)
def sandbox_group() -> None:
    """Runs the embedded Graph, for tests without a tenant."""
    from reconciler.cli.output import start_log

    start_log(0)


@sandbox_group.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8484,
    show_default=True,
    metavar="N",
    help="Port; 0 chooses a free one.",
)
@database_option
@seed_option
@set_option
def serve_command(
    port: int, sandbox_db: Path, seed: Path | None, switches: tuple[str, ...]
) -> None:
    """Runs the embedded Graph as a server until Ctrl-C.

    The first line on stdout is the URL for --graph-url.
    """
    import asyncio

    from reconciler import signals
    from reconciler.sandbox.errors import SandboxDatabaseError, SeedError
    from reconciler.sandbox.server import serve

    async def run() -> None:
        """Serves until a signal arrives."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        with signals.reacting(lambda: loop.call_soon_threadsafe(stop.set)):
            async with serve(sandbox_db, port=port, switches=_parsed(switches), seed=seed) as url:
                click.echo(url)
                await stop.wait()

    try:
        asyncio.run(run())
    except (SandboxDatabaseError, SeedError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} is already in use.", hint="Choose another --port; 0 is a free one."
            ) from error
        raise UsageError(
            f"The sandbox cannot serve: {error}",
            hint="Choose another --port, --sandbox-db or --seed.",
        ) from error


@sandbox_group.command("reset")
@database_option
@seed_option
@set_option
def reset_command(sandbox_db: Path, seed: Path | None, switches: tuple[str, ...]) -> None:
    """Empties the database and fills it with the seed. Stores the switches."""
    from reconciler.render.escape import visible
    from reconciler.sandbox.errors import SandboxDatabaseError, SeedError
    from reconciler.sandbox.store import reset

    try:
        reset(sandbox_db, seed=seed, switches=_parsed(switches))
    except (SandboxDatabaseError, SeedError, OSError) as error:
        raise UsageError(
            f"The sandbox cannot be reset: {error}", hint="Choose another --sandbox-db or --seed."
        ) from error
    click.echo(visible(f"Reset sandbox database {sandbox_db}."))


def _parsed(pairs: Iterable[str]) -> Switches | None:
    """The switches as given; None if none was given, so that those stored in the database apply."""
    from reconciler.sandbox.switches import SwitchError, parse_switches

    pairs = list(pairs)
    try:
        return parse_switches(pairs) if pairs else None
    except SwitchError as error:
        raise UsageError(
            str(error), hint="See docs/sandbox.md for the switches and their values."
        ) from error
