"""live-check --clean: removes what live checks have left, and what the command itself says of that:
how to try it again, and the exit code.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import signals
from reconciler.cli.approval import require_yes
from reconciler.cli.options import is_given, target_arguments
from reconciler.cli.plans import DONE
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.app.live_clean import Cleaned
    from reconciler.cli.output import Output
    from reconciler.model.live_facts import Left
    from reconciler.settings import Settings

ERROR, NOT_REMOVED = 1, 6
JOURNALLED = ""
"""The value of `--clean` without a name."""


def clean_up(
    name: str, settings: Settings, output: Output, journal: Path, *, approved: bool
) -> int:
    """Removes what is left, and reports it; the exit code.

    Raises:
        UsageError: the name is not that of a live check.
    """
    from reconciler.app.live_clean import Cleaner, clean_journalled, clean_named
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress
    from reconciler.model.live_facts import SECOND

    name = name.removesuffix(SECOND)

    def ask(ids: Sequence[str]) -> None:
        """Asks before the named catalogs are removed."""
        if not approved:
            require_yes(
                f"Remove catalog {name} ({', '.join(ids)}) and what is in it?",
                f"The removal of catalog {name} was not approved",
                "Nothing was removed.",
            )

    with progress(output) as bars:
        cleaner = Cleaner(ask, _say_interrupted, bars)
        if name == JOURNALLED:
            cleaned = run_async(clean_journalled(settings, os.environ, journal, cleaner))
        else:
            _refuse_other_name(name)
            cleaned = run_async(clean_named(settings, os.environ, name, journal, cleaner))
    return _report(cleaned, output, journal)


def _refuse_other_name(name: str) -> None:
    """Returns if the name can be that of a catalog of a live check.

    Raises:
        UsageError: it cannot.
    """
    from reconciler.model.live_facts import CATALOG_PREFIX

    if not re.fullmatch(rf"{CATALOG_PREFIX}[0-9a-f]{{32}}", name):
        raise UsageError(
            f"--clean {name}: this is not the name of a catalog of a live check.",
            hint=f"Such a name is {CATALOG_PREFIX} and 32 hexadecimal digits in lower case;"
            " nothing else is removed.",
        )


def _say_interrupted() -> None:
    """Says at once what a first signal has started."""
    from reconciler.cli.output import tell

    with suppress(OSError):  # the terminal was closed
        tell("Interrupted. The removal ends after the request in flight; what is left is listed.")


def _report(cleaned: Cleaned, output: Output, journal: Path) -> int:
    from reconciler.cli.output import emit, tell, tell_error
    from reconciler.render.live_check import cleaned_json, cleaned_text, others_lines

    nothing = not cleaned.removed and not cleaned.left and cleaned.error is None
    if output.format == "json":
        emit(cleaned_json(cleaned.removed, cleaned.left), output)
    elif nothing and not cleaned.tried:
        emit(f"Nothing to remove: the journal {journal} names nothing that is left here.\n", output)
    else:
        emit(cleaned_text(cleaned.removed, cleaned.left, clean_command()), output, wrap=True)
    for line in others_lines(cleaned.others):
        tell(line)
    if cleaned.error is not None:
        tell_error(cleaned.error)
    return exit_code(cleaned.error, cleaned.left, interrupted=cleaned.interrupted)


def clean_command() -> str:
    """The command that removes what this one has left."""
    parameters = click.get_current_context().params
    name = parameters["clean"] or JOURNALLED
    journal = ["--journal", str(parameters["journal"])] if is_given("journal") else []
    words = ["reconciler", "live-check", "--clean", *([name] if name else [])]
    return shlex.join([*words, *journal, *target_arguments()])


def exit_code(error: ReconcilerError | None, left: Sequence[Left], *, interrupted: bool) -> int:
    """The exit code: 130 outranks 6, and 6 outranks 1."""
    if interrupted:
        return signals.INTERRUPTED
    if left:
        return NOT_REMOVED
    return DONE if error is None else ERROR
