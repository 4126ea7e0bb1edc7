"""Options that several commands share, each with its environment variable."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.settings import AUTH_MODES, CLOUDS, Settings, TargetOptions, resolve_settings

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "markdown", "json", "github")
DEFAULT_PATH = Path("desired_state")


class _Lines(click.ParamType[str]):
    """Text; several values in an environment variable stand on lines of their own, since catalog names hold blanks."""

    name = "text"
    envvar_list_splitter = "\n"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        del param, ctx
        return str(value)


@dataclass(frozen=True, slots=True)
class Output:
    """How to print: in which format, in colour or not, how much on stderr (-1 errors only, 1 requests too)."""

    format: str
    colour: bool
    verbosity: int


def paths_argument(function: F) -> F:
    """`[PATH]...`, default `desired_state`."""
    return click.argument("paths", nargs=-1, type=click.Path(path_type=Path))(function)


def target_options(function: F) -> F:
    """The options that choose the Graph; the command gets them as `settings`."""

    def with_settings(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in _TARGET_NAMES}
        return function(settings=_settings(given), **arguments)

    with_settings.__name__, with_settings.__doc__ = function.__name__, function.__doc__
    decorated: Any = with_settings
    parameters = getattr(function, "__click_params__", [])
    decorated.__click_params__ = list(parameters)
    for option in reversed(_TARGET):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _settings(given: dict[str, Any]) -> Settings:
    return resolve_settings(TargetOptions(**given), os.environ)


_TARGET_NAMES = (
    "sandbox",
    "sandbox_db",
    "graph_url",
    "cloud",
    "auth",
    "catalogs",
    "concurrency",
    "timeout_s",
    "max_retries",
)
_TARGET = (
    click.option("--sandbox", is_flag=True, envvar="RECONCILER_SANDBOX", help="Use the embedded Graph, no tenant."),
    click.option(
        "--sandbox-db",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="RECONCILER_SANDBOX_DB",
        help="State of the embedded Graph.  [default: .reconciler/sandbox.sqlite3]",
    ),
    click.option("--graph-url", envvar="RECONCILER_GRAPH_URL", help="Graph base with version.  [default: by --cloud]"),
    click.option(
        "--cloud",
        type=click.Choice(list(CLOUDS)),
        envvar="RECONCILER_CLOUD",
        help="[default: global]",
        show_choices=True,
    ),
    click.option(
        "--auth",
        type=click.Choice(AUTH_MODES),
        default="auto",
        show_default=True,
        envvar="RECONCILER_AUTH",
        help="How to sign in.",
    ),
    click.option(
        "--catalog",
        "catalogs",
        type=_Lines(),
        multiple=True,
        envvar="RECONCILER_CATALOG",
        metavar="NAME",
        help="Only this catalog; repeatable.  [default: all declared]",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        envvar="RECONCILER_CONCURRENCY",
        help="Requests in flight.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, min_open=True),
        default=30.0,
        show_default=True,
        envvar="RECONCILER_TIMEOUT",
        metavar="SECONDS",
        help="For one request.",
    ),
    click.option(
        "--max-retries",
        type=click.IntRange(0, 100),
        default=5,
        show_default=True,
        envvar="RECONCILER_MAX_RETRIES",
        help="Per request.",
    ),
)


def output_options(*more_formats: str) -> Callable[[F], F]:
    """`--format`, `--no-color`, `-v`, `-q`; the command gets them as `output`."""

    def decorate(function: F) -> F:
        def with_output(**arguments: Any) -> Any:
            from reconciler.cli.output import start_log, wants_colour

            colour = wants_colour(refused=arguments.pop("no_color"))
            verbosity = arguments.pop("verbose") - (2 if arguments.pop("quiet") else 0)
            output = Output(arguments.pop("output_format"), colour, max(-1, verbosity))
            start_log(output)
            return function(output=output, **arguments)

        with_output.__name__, with_output.__doc__ = function.__name__, function.__doc__
        decorated: Any = with_output
        decorated.__click_params__ = list(getattr(function, "__click_params__", []))
        for option in reversed(_output(more_formats)):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return]

    return decorate


def _output(more_formats: tuple[str, ...]) -> tuple[Callable[[F], F], ...]:
    return (
        click.option(
            "--format",
            "output_format",
            type=click.Choice([*FORMATS, *more_formats]),
            default="text",
            show_default=True,
            help="Of the result on stdout; github: workflow annotations.",
        ),
        click.option("--no-color", is_flag=True, help="No colour, as with the variable NO_COLOR."),
        click.option("-v", "--verbose", count=True, help="Show requests with their ids."),
        click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr."),
    )
