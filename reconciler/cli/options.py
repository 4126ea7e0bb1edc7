"""Options that several commands share, each with its environment variable."""

from __future__ import annotations

import functools
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from reconciler.cli import complete
from reconciler.errors import UsageError
from reconciler.settings import AUTH_MODES, CLOUDS, TargetOptions, resolve_settings

if TYPE_CHECKING:
    from reconciler.cli.output import Output
    from reconciler.model.diagnostic import Diagnostic
    from reconciler.model.environment import Environment

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "markdown", "json", "github")
REPEATED = ("sandbox", "sandbox_db", "graph_url", "cloud", "auth", "environment", "max_deletes")
TARGET_NAMES = tuple(field.name for field in fields(TargetOptions))


SIGN_IN_HELP = """\b
How to sign in: auto, github-oidc,
workload-identity, environment,
managed-identity, azure-cli."""
"""Its lines stay as they are (\\b): click would break the names at their hyphens."""


class _Lines(click.ParamType):  # type: ignore[type-arg] # generic only in the newest click
    """Text that is not blank; an environment variable has several values one per line, because
    names contain spaces.

    Blank lines, and white space around a line, are dropped: they come with YAML blocks and files.
    """

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        """The lines of the variable that are not blank."""
        return [line.strip() for line in rv.split("\n") if line.strip()]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The value as it was given."""
        text = str(value)
        if not text.strip():
            self.fail("The value is blank. Give a name, or omit the option.", param, ctx)
        return text


def paths_argument(function: F) -> F:
    """`[PATH]...`, default `desired_state`."""
    return click.argument(
        "paths",
        nargs=-1,
        type=click.Path(path_type=Path),
        metavar="[PATH]...",
        callback=_refuse_saved_plan,
    )(function)


def _refuse_saved_plan(
    context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """The paths.

    Raises:
        UsageError: one of them is a saved plan, as `terraform apply` accepts it there.
    """
    from reconciler.app import files

    for path in paths:
        if files.is_saved_plan(path):
            way = "apply --plan" if context.info_name == "apply" else "show"
            raise UsageError(
                f"{path} is a saved plan.", hint=f"Run `reconciler {way} {shlex.quote(str(path))}`."
            )
    return paths


def is_given(name: str) -> bool:
    """True if the option is on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source is ParameterSource.COMMANDLINE


def target_options(function: F) -> F:
    """The options that choose Graph and sign-in; the command gets them as `settings`. Use it below
    `output_options`.
    """
    return _with_target(function, writes=False)


def writing_target_options(function: F) -> F:
    """The same for a command that writes to Graph: if `reconciler.yaml` names environments, one
    must be chosen.
    """
    return _with_target(function, writes=True)


def target_arguments(*others: str) -> list[str]:
    """The options of this command line that choose Graph, sign-in and environment, the limit on
    deletions, and the others of these names: a next step has to repeat them.
    """
    context = click.get_current_context()
    arguments = []
    for parameter in context.command.params:
        name = str(parameter.name)
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_given and name in (*REPEATED, *others):
            arguments += _with_values(parameter.opts[0], context.params[name])
    return arguments


def _with_values(option: str, value: Any) -> list[str]:
    """An option as it is written: a flag alone, else once for each value."""
    if value is True:
        return [option]
    values = value if isinstance(value, tuple) else (value,)
    return [text for each in values for text in (option, str(each))]


def _with_target(function: F, *, writes: bool) -> F:

    @functools.wraps(function)
    def with_settings(**arguments: Any) -> Any:
        given = {name: arguments.pop(name) for name in TARGET_NAMES if name in arguments}
        name = arguments.pop("environment")
        if name:
            environment, faults = _environment(name)
        elif writes:
            environment, faults = _no_environment()
        else:
            environment, faults = None, ()
            _note_environments(arguments["output"])
        if faults:
            from reconciler.cli.findings import INVALID_FILES, print_findings

            print_findings(faults, arguments["output"])
            return INVALID_FILES
        settings = resolve_settings(TargetOptions(**given), os.environ, environment)
        return function(settings=settings, **arguments)

    return cast(
        "F",
        functools.reduce(lambda wrapped, option: option(wrapped), reversed(_TARGET), with_settings),
    )


def _environment(name: str) -> tuple[Environment | None, Sequence[Diagnostic]]:
    """The environment of this name, or the errors in `reconciler.yaml`."""
    from reconciler.app import files

    return files.environment(name)


def _no_environment() -> tuple[None, Sequence[Diagnostic]]:
    """No environment if `reconciler.yaml` names none; or the errors in that file.

    Raises:
        UsageError: it names some: without a choice, nothing checks that the tenant is the intended
            one.
    """
    from reconciler.app import files

    named = files.environments()
    if named.environments:
        names = ", ".join(environment.name for environment in named.environments)
        raise UsageError(
            f"No environment was chosen, and reconciler.yaml names {names}. Nothing was written.",
            hint="Choose one with --environment NAME.",
        )
    return None, named.diagnostics


def _note_environments(output: Output) -> None:
    """Prints a note if there are environments and none was chosen: the run uses the tenant that was
    signed in to.
    """
    from reconciler.app import files
    from reconciler.cli.output import tell

    names = files.environment_names()
    if names and output.verbosity >= 0:
        tell(
            f"Note: No environment was chosen; reconciler.yaml names {', '.join(names)}. Use"
            " --environment NAME."
        )


_TARGET = (
    click.option(
        "--sandbox",
        is_flag=True,
        envvar="RECONCILER_SANDBOX",
        help="Use the embedded Graph; needs no tenant.",
    ),
    click.option(
        "--sandbox-db",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="RECONCILER_SANDBOX_DB",
        help="State of the embedded Graph.  [default: .reconciler/sandbox.sqlite3]",
    ),
    click.option(
        "--graph-url",
        envvar="RECONCILER_GRAPH_URL",
        metavar="URL",
        help="Base URL of Graph, with version.  [default: from --cloud]",
    ),
    click.option(
        "--cloud",
        type=click.Choice(list(CLOUDS)),
        envvar="RECONCILER_CLOUD",
        help="National cloud.  [default: global]",
    ),
    click.option(
        "--auth",
        type=click.Choice(AUTH_MODES),
        default="auto",
        show_default=True,
        envvar="RECONCILER_AUTH",
        metavar="METHOD",
        help=SIGN_IN_HELP,
    ),
    click.option(
        "--catalog",
        "catalogs",
        type=_Lines(),
        multiple=True,
        envvar="RECONCILER_CATALOG",
        metavar="NAME",
        shell_complete=complete.catalogs,
        help="Only this catalog; repeatable.  [default: all]",
    ),
    click.option(
        "--environment",
        envvar="RECONCILER_ENVIRONMENT",
        metavar="NAME",
        shell_complete=complete.environments,
        help="An environment of reconciler.yaml.  [default: none]",
    ),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        envvar="RECONCILER_CONCURRENCY",
        metavar="N",
        help="Requests in flight at the same time.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, min_open=True),
        default=30.0,
        show_default=True,
        envvar="RECONCILER_TIMEOUT",
        metavar="SECONDS",
        help="Timeout of one request.",
    ),
    click.option(
        "--max-retries",
        type=click.IntRange(0, 100),
        default=5,
        show_default=True,
        envvar="RECONCILER_MAX_RETRIES",
        metavar="N",
        help="Retries of one request.",
    ),
)


arm_url_option = click.option(
    "--arm-url",
    envvar="RECONCILER_ARM_URL",
    metavar="URL",
    help="Azure Resource Manager on loopback, for tests.  [default: from --cloud, or the sandbox]",
)
"""Use it above `target_options`, which reads its value."""


def page_options(function: F) -> F:
    """`--max-bytes` and `--details-url`, for Markdown; the command gets them as `page`."""
    from reconciler.render.page import COMMENT_BYTES, SMALLEST_BYTES

    @functools.wraps(function)
    def with_page(**arguments: Any) -> Any:
        from reconciler.render.page import Page

        page = Page(arguments.pop("max_bytes"), arguments.pop("details_url"))
        if page.details_url and not re.fullmatch(r"https?://[!-;=?-~]{1,1000}", page.details_url):
            raise UsageError(
                "--details-url is not an http or https URL of at most 1,000 characters.",
                hint="Give a URL that begins with https://.",
            )
        return function(page=page, **arguments)

    size = click.option(
        "--max-bytes",
        type=click.IntRange(min=SMALLEST_BYTES),
        default=COMMENT_BYTES,
        show_default=True,
        metavar="N",
        help="Maximum size of the Markdown in bytes.",
    )
    link = click.option(
        "--details-url",
        metavar="URL",
        help="Link to the whole plan, for Markdown that is truncated.",
    )
    return cast("F", size(link(with_page)))


def output_options(*more_formats: str, formats: Sequence[str] = FORMATS) -> Callable[[F], F]:
    """`--format`, `--no-color`, `-v`, `-q`; the command gets them as `output`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def with_output(**arguments: Any) -> Any:
            from reconciler.cli.output import Output, start_log, wants_colour

            refused = arguments.pop("no_color")
            verbosity = arguments.pop("verbose") - (2 if arguments.pop("quiet") else 0)
            colour = wants_colour(refused=refused)
            output = Output(
                arguments.pop("output_format"), colour, max(-1, verbosity), no_colour=refused
            )
            start_log(output.verbosity)
            return function(output=output, **arguments)

        options = reversed(_output([*formats, *more_formats]))
        return cast(
            "F", functools.reduce(lambda wrapped, option: option(wrapped), options, with_output)
        )

    return decorate


def _output(formats: Sequence[str]) -> tuple[Callable[[F], F], ...]:
    return (
        click.option(
            "--format",
            "output_format",
            type=click.Choice(formats),
            default="text",
            show_default=True,
            help="Output format.",
        ),
        click.option(
            "--no-color", is_flag=True, help="Print no colour, as with the variable NO_COLOR."
        ),
        click.option("-v", "--verbose", count=True, help="Show each request with its request ID."),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            help="Suppress progress and warnings; results still go to stdout.",
        ),
    )
