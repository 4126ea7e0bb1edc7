"""The words of drift: the same plan, read as the difference between the declared state and the live
one.
"""

from __future__ import annotations

import re

from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.render.escape import visible

WORDS: dict[Action, str] = {
    "create": "missing",
    "update": "changed",
    "rename": "changed",
    "blocked": "blocked",
}
TITLES: dict[Action, str] = WORDS | {"create": "missing in the tenant:"}
URL = ("endpointConfiguration", "url")
"""The property that Graph looks up from the Logic App where no file declares it."""

SANDBOX = "sandbox"
"""The address of the embedded Graph in a plan."""
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?/v1\.0")
"""The address of a server on this machine. No other text of a saved plan is put into a command."""


def counts(plan: Plan) -> dict[str, int]:
    """What the last line counts, in its order."""
    summary = plan.summary
    return {
        "missing": summary["create"],
        "changed": summary["update"] + summary["rename"] + summary["replace"],
        **{word: summary[word] for word in ("unmanaged", "blocked", "unchanged")},
    }


def values(field: FieldChange, declared: str, live: str) -> str:
    """`declared "PT1H", live "PT30M"`; both values are given as they are to be shown."""
    is_declared = field.after is not None or field.path != URL
    return f"{f'declared {declared}' if is_declared else 'not declared'}, live {live}"


def last_changed(change: Change) -> str:
    """Who last wrote the live extension and when, as far as Graph says; otherwise "".

    Graph records one time and one author for the whole extension, whatever property was written.
    """
    when = f" {visible(change.last_modified_at)}" if change.last_modified_at else ""
    who = f" by {visible(change.last_modified_by)}" if change.last_modified_by else ""
    return f"the live extension was last changed{when}{who}" if when or who else ""


def command(plan: Plan, name: str) -> str:
    """The command with the options that it needs to reach the plan's Graph and environment."""
    options = ""
    if plan.graph_url == SANDBOX:
        options = " --sandbox"
    elif _LOOPBACK.fullmatch(plan.graph_url):
        options = f" --graph-url {plan.graph_url}"
    return f"reconciler {name}{options}" + (
        f" --environment {plan.environment}" if plan.environment else ""
    )


def to_resolve(plan: Plan) -> list[str]:
    """How to end the drift in either direction, as commands for the plan's target; nothing without
    a change.
    """
    if not plan.changes:
        return []
    lines = [
        f"To make the tenant match the files, run: {command(plan, 'apply')}",
        f"To make the files match the tenant, run: {command(plan, 'export --update')}",
    ]
    if plan.summary["create"]:
        lines.append(
            "export --update keeps the declarations of missing extensions: remove them by hand."
        )
    return lines
