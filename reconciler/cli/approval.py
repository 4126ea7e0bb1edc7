"""Asking on the terminal before something is written: only `yes` approves."""

from __future__ import annotations

import sys

import click

from reconciler import signals
from reconciler.cli.streams import is_terminal
from reconciler.errors import RefusedError


def is_confirmed(question: str, so_far: str) -> bool:
    """True if the operator answers `yes`; `so_far` says what has happened before.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    # While the event loop runs, a signal only cancels its task, which a prompt would not notice.
    with signals.reacting(signals.interrupt):
        try:
            answer: str = click.prompt(question, default="", show_default=False, err=True)
        except click.Abort:
            raise click.Abort(f"\nInterrupted. {so_far}") from None
    return answer == "yes"


def require_yes(question: str, refused: str, so_far: str) -> None:
    """Returns if the operator answers `yes`; `refused` and `so_far` say what else has happened.

    Raises:
        RefusedError: anything else, or stdin is not a terminal.
    """
    from reconciler.render.escape import visible

    if not is_terminal(sys.stdin):
        raise RefusedError(
            f"{refused}: stdin is not a terminal. {so_far}",
            hint="Approve with --auto-approve.",
        )
    if not is_confirmed(f"{visible(question)} Only 'yes' is accepted", so_far):
        raise RefusedError(f"{refused}. {so_far}")
