"""The command that writes: apply, from a fresh plan or a saved one."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import signals
from reconciler.cli.approval import is_confirmed
from reconciler.cli.findings import INVALID_FILES, report_invalid
from reconciler.cli.options import is_given, output_options, paths_argument, writing_target_options
from reconciler.cli.plans import (
    DONE,
    REFUSED,
    declared_state,
    max_deletes_option,
    no_beta_check_option,
)
from reconciler.cli.streams import is_terminal
from reconciler.errors import (
    InvalidFilesError,
    OutputError,
    ReconcilerError,
    RefusedError,
    UsageError,
)
from reconciler.settings import DEFAULT_JOURNAL

if TYPE_CHECKING:
    from reconciler.app.runs import Applied, Approval
    from reconciler.cli.output import Output
    from reconciler.model.plan import Plan
    from reconciler.settings import Settings

ERROR, STALE, APPLIED_IN_PART = 1, 5, 6


def _valid_digest(
    _context: click.Context, _parameter: click.Parameter, digest: str | None
) -> str | None:
    """The digest; a malformed one would match no plan."""
    if digest is not None and not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise click.BadParameter(
            "Expected sha256: and 64 lowercase hexadecimal digits, as plan prints after 'Digest:'."
        )
    return digest


@click.command("apply")
@paths_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Apply a saved plan.",
)
@click.option(
    "--expect-digest",
    metavar="sha256:…",
    callback=_valid_digest,
    help="Apply the new plan only if it has this digest.",
)
@click.option("--auto-approve", is_flag=True, help="Apply without asking.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the journal of all writes in this file.  [default: .reconciler/journal.jsonl]",
)
@click.option(
    "--no-journal",
    is_flag=True,
    help="Keep no journal: writes that an earlier run left unsettled are not looked for.",
)
@max_deletes_option
@no_beta_check_option
@output_options()
@writing_target_options
def apply_command(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    plan_file: Path | None,
    expect_digest: str | None,
    auto_approve: bool,
    journal: Path | None,
    max_deletes: int,
    no_beta_check: bool,
    no_journal: bool,
    settings: Settings,
    output: Output,
) -> int:
    """Plans, shows the plan, asks for approval, and applies it.

    PATH is a file or folder of YAML, by default desired_state.
    """
    journal = _chosen_journal(journal, no_journal=no_journal)
    if plan_file is None:
        approval = _approval(output, expect_digest, max_deletes, approved=auto_approve)
        approval = replace(approval, second_looks=not no_beta_check)
        return _apply_fresh(paths, settings, output, approval, journal)
    if paths or expect_digest or is_given("catalogs"):
        raise UsageError(
            "--plan cannot be combined with PATH, --catalog or --expect-digest.",
            hint=(
                "A saved plan already contains its changes. Use --plan with the target options"
                " only."
            ),
        )
    if no_beta_check and is_given("no_beta_check"):
        raise UsageError(
            "--no-beta-check cannot be combined with --plan.",
            hint="A saved plan says itself whether it was made with it (R310).",
        )
    return _apply_saved(plan_file, settings, output, max_deletes, journal)


def _chosen_journal(journal: Path | None, *, no_journal: bool) -> Path | None:
    """The file of the journal; None for none."""
    if not no_journal:
        return journal or DEFAULT_JOURNAL
    if journal is not None:
        raise UsageError(
            "--journal and --no-journal are mutually exclusive.", hint="Keep one of them."
        )
    return None


def _apply_saved(
    file: Path, settings: Settings, output: Output, max_deletes: int, journal: Path | None
) -> int:
    from reconciler.app.apply import apply_saved
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress

    try:
        with progress(output) as bars:
            saved = apply_saved(settings, os.environ, file, bars, max_deletes, journal)
            applied = run_async(saved)
    except InvalidFilesError as error:
        return report_invalid(error, output)
    return _report(applied, output)


def _apply_fresh(
    paths: tuple[Path, ...],
    settings: Settings,
    output: Output,
    approval: Approval,
    journal: Path | None,
) -> int:
    from reconciler.app.apply import apply
    from reconciler.cli.event_loop import run_async
    from reconciler.cli.output import progress

    declared = declared_state(paths, settings, output)
    if declared is None:
        return INVALID_FILES
    with progress(output) as bars:
        applied = run_async(apply(settings, os.environ, declared, approval, bars, journal))
    return _report(applied, output)


def _approval(output: Output, digest: str | None, max_deletes: int, *, approved: bool) -> Approval:
    """How this command line approves a new plan."""
    from reconciler.app.runs import Approval

    def show(plan: Plan) -> None:
        """Prints the plan, except in JSON, where the document at the end contains it."""
        if output.format != "json":
            _print_plan(plan, output)

    def ask(plan: Plan) -> ReconcilerError | None:
        """Why the plan is not approved; None when it is."""
        return None if approved else _ask(plan, output)

    return Approval(show, ask, max_deletes, digest)


def _print_plan(plan: Plan, output: Output) -> None:
    """Prints the plan before it is applied; if there is nothing to do, the outcomes say so."""
    from reconciler.app.kinds import wording
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_plan

    emit(rendered_plan(plan, output.format, wording=wording(before_apply=True)), output, wrap=True)


def _ask(plan: Plan, output: Output) -> ReconcilerError | None:
    """Asks on the terminal; only `yes` approves."""
    if not is_terminal(sys.stdin):
        return RefusedError(
            "The plan was not approved: stdin is not a terminal. Nothing was written.",
            hint=(
                "Approve with --auto-approve or --expect-digest, or save the plan with plan --out"
                " and use --plan."
            ),
        )
    from reconciler.app.kinds import wording
    from reconciler.cli.output import tell
    from reconciler.render.text import approval_question, plan_text

    if output.format == "json":
        tell(plan_text(plan, wording()))
    if is_confirmed(approval_question(plan), "Nothing was written."):
        return None
    return RefusedError("The plan was not approved. Nothing was written.")


def _report(applied: Applied, output: Output) -> int:
    """Prints how an apply ended; its exit code."""
    from reconciler.cli.output import tell_error

    try:
        if applied.refusal is None or output.format == "json":
            _print_outcomes(applied, output)
    except OutputError as error:
        if not (applied.interrupted or _has_written(applied)):
            raise
        tell_error(error)
        return signals.INTERRUPTED if applied.interrupted else APPLIED_IN_PART
    if applied.refusal is not None:
        raise applied.refusal
    if applied.error is not None:
        tell_error(applied.error)
    return _apply_code(applied)


def _apply_code(applied: Applied) -> int:
    """130 outranks 6, 6 outranks 1 (the run ended before anything was written), 5 and 4."""
    ended = [outcome for outcome in applied.outcomes if outcome.status in ("failed", "unknown")]
    if applied.interrupted:
        return signals.INTERRUPTED
    if applied.error is not None:
        return APPLIED_IN_PART if _has_written(applied) else ERROR
    if ended:
        return (
            APPLIED_IN_PART
            if _has_written(applied) or not all(outcome.stale for outcome in ended)
            else STALE
        )
    return REFUSED if applied.plan.blocked else DONE


def _has_written(applied: Applied) -> bool:
    """True when something was written, or may have been."""
    return any(
        outcome.status in ("done", "unknown") or outcome.written for outcome in applied.outcomes
    )


def _print_outcomes(applied: Applied, output: Output) -> None:
    from reconciler.app.kinds import wording
    from reconciler.cli.output import emit
    from reconciler.render.formats import rendered_outcomes

    text = rendered_outcomes(applied.plan, applied.outcomes, output.format, wording())
    emit(text, output, wrap=True)
