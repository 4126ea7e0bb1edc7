"""The command live-check: answers the open questions about Graph with a real tenant."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.approval import require_yes
from reconciler.cli.live_check_clean import (
    ERROR,
    JOURNALLED,
    clean_command,
    clean_up,
    exit_code,
)
from reconciler.cli.options import is_given, output_options, writing_target_options
from reconciler.errors import ReconcilerError, UsageError
from reconciler.settings import DEFAULT_LIVE_JOURNAL

if TYPE_CHECKING:
    from reconciler.app.live_check import LiveChecked, Planned, Subject
    from reconciler.cli.output import Output
    from reconciler.model.logic_app import LogicApp
    from reconciler.settings import Settings

_RANDOM_BYTES = 16


@click.command("live-check")
@click.option(
    "--logic-app",
    metavar="RESOURCE_ID",
    help="The Logic App that the extensions name: /subscriptions/…/workflows/NAME.",
)
@click.option(
    "--trigger-url",
    metavar="URL",
    help="Address of its trigger, without sig, sp and sv.  [default: read, with the role Reader]",
)
@click.option(
    "--clean",
    is_flag=False,
    flag_value=JOURNALLED,
    metavar="[NAME]",
    help="Only remove what the journal names, or the catalog NAME of an earlier run.",
)
@click.option("--auto-approve", is_flag=True, help="Write without asking.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_LIVE_JOURNAL,
    show_default=True,
    help="Journal of everything that is created.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("live-facts.json"),
    show_default=True,
    help="File for the result as JSON.",
)
@output_options(formats=("text", "json"))
@writing_target_options
def live_check_command(  # noqa: PLR0913 - one parameter for each option
    *,
    logic_app: str | None,
    trigger_url: str | None,
    clean: str | None,
    auto_approve: bool,
    journal: Path,
    out: Path,
    settings: Settings,
    output: Output,
) -> int:
    """Answers the open questions about Graph with a real tenant (docs/live-check.md).

    It shows what it writes, asks for approval, writes only objects that it creates itself, and
    removes them.
    """
    if is_given("catalogs"):
        raise UsageError(
            "--catalog cannot be combined with live-check: it writes only in catalogs that it"
            " creates."
        )
    if clean is None:
        from reconciler.files import refuse_unwritable

        subject = _subject(logic_app, trigger_url, journal)
        refuse_unwritable(out)
        checked = _check(subject, settings, output, approved=auto_approve)
        return _report(checked, output, out)
    if logic_app is not None or trigger_url is not None:
        raise UsageError("--clean cannot be combined with --logic-app or --trigger-url.")
    return clean_up(clean, settings, output, journal, approved=auto_approve)


def _subject(resource_id: str | None, trigger_url: str | None, journal: Path) -> Subject:
    """What the options name, and a name that no catalog has.

    Raises:
        UsageError: an option is missing or malformed.
    """
    import secrets

    from reconciler.app.live_check import Subject
    from reconciler.cli.logic_app_options import logic_app_of, trigger_url_of
    from reconciler.model.live_facts import CATALOG_PREFIX

    app, url = logic_app_of(resource_id), trigger_url_of(trigger_url)
    return Subject(f"{CATALOG_PREFIX}{secrets.token_hex(_RANDOM_BYTES)}", app, url, journal)


def _check(subject: Subject, settings: Settings, output: Output, *, approved: bool) -> LiveChecked:
    from reconciler.app.live_check import Operator, live_check
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress

    ask = _approval(subject.app, output, approved=approved)
    with progress(output) as bars:
        operator = Operator(ask, _tell_interrupted, bars)
        return run_async(live_check(settings, os.environ, subject, operator))


def _tell_interrupted() -> None:
    """Says at once what a first signal has started."""
    from reconciler.cli.output import tell

    with suppress(OSError):  # the terminal was closed; the removal goes on
        tell(
            "Interrupted. Removing what the live check has created; a second signal stops that and"
            " leaves objects."
        )


def _report(checked: LiveChecked, output: Output, out: Path) -> int:
    """Prints and keeps the result, each even if the other fails; its exit code."""
    from reconciler.cli.output import tell, tell_error
    from reconciler.render.live_check import facts_json

    code = exit_code(checked.error, checked.facts.left, interrupted=checked.interrupted)
    document = facts_json(checked.facts)
    saved: list[str] = []
    saving = partial(_save, out, document, checked, saved.append)
    for deliver in (saving, partial(_print, checked, document, output)):
        try:
            deliver()
        except ReconcilerError as error:
            tell_error(error)
            code = code or ERROR
    for line in saved:  # after the result, which can be long
        tell(line)
    if checked.error is not None:
        tell_error(checked.error)
    return code


def _save(out: Path, document: str, checked: LiveChecked, say: Callable[[str], None]) -> None:
    """Writes the result to its file, and says so; one of a run that ended early replaces no other.

    Raises:
        UsageError: it cannot be written; the message says what has happened nevertheless.
    """
    from reconciler.cli.output import save

    if checked.ended_early and out.is_file():
        say(f"Kept {out} as it was: this run ended early. Its result is on stdout.")
        return
    try:
        save(out, document)
    except UsageError as error:
        removed = "" if checked.facts.left else " and removed everything that it created"
        why = str(error).removesuffix(" Nothing was written.")
        raise UsageError(
            f"The live check ran{removed}; only its result could not be saved: {why}",
            hint="The result is printed on stdout.",
        ) from error
    say(f"Saved the result in {out}.")


def _print(checked: LiveChecked, document: str, output: Output) -> None:
    """Prints the result; what was removed, and ids of what is left, are not in the document.

    Raises:
        OutputError: it cannot be written.
    """
    from reconciler.cli.output import emit, tell
    from reconciler.render.live_check import facts_text, removal_lines

    removal = removal_lines(checked.removed, checked.facts.left, clean_command())
    if output.format == "json":
        tell("\n".join(removal))
    text = facts_text(checked.facts, removal)
    emit(document if output.format == "json" else text, output, wrap=True)


def _approval(app: LogicApp, output: Output, *, approved: bool) -> Callable[[Planned], None]:
    """How this command line approves a live check."""

    def ask(planned: Planned) -> None:
        """Shows the writes, and asks.

        Raises:
            RefusedError: they were not approved.
        """
        from reconciler.cli.output import emit, tell
        from reconciler.render.live_check import place, writes_text
        from reconciler.render.nouns import counted

        where = place(planned.tenant_id, planned.graph_url, planned.environment)
        text = writes_text(where, planned.name)
        if output.format == "json":
            tell(text.rstrip("\n"))
        else:
            emit(text, output, wrap=True)
        if planned.unfinished:
            tell(
                f"Note: {counted(planned.unfinished, 'earlier live check')} left objects here."
                f" To remove them: {clean_command()}"
            )
        if planned.url_unknown and output.verbosity >= 0:
            tell(
                f"Warning: the Logic App {app.path} {planned.url_unknown}."
                " Its trigger's address is unknown, which an application may need. Check the id,"
                " assign the role Reader, or give --trigger-url."
            )
        if not approved:
            require_yes(
                f"Write these objects to {where}?",
                "The live check was not approved",
                "Nothing was written.",
            )

    return ask
