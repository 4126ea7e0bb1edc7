"""The words of drift: the same plan, read as the difference between the declared state and the live
one.
"""

from __future__ import annotations

import re

from reconciler.model.plan import Action, Change, FieldChange, Plan
from reconciler.model.target import SANDBOX
from reconciler.render.escape import visible
from reconciler.render.nouns import common_noun, noun, plural

WORDS: dict[Action, str] = {
    "create": "missing",
    "update": "changed",
    "rename": "changed",
    "replace": "changed",
    "delete": "changed",
    "blocked": "blocked",
}
TITLES: dict[Action, str] = WORDS | {
    "create": "missing in the tenant:",
    "delete": "to be deleted:",
}

_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?/v1\.0")
"""The address of a server on this machine. No other text of a saved plan is put into a command."""


def counts(plan: Plan) -> dict[str, int]:
    """What the last line counts, in its order."""
    summary = plan.summary
    return {
        "missing": summary["create"],
        "changed": sum(summary[word] for word in ("update", "rename", "replace", "delete")),
        **{word: summary[word] for word in ("unmanaged", "blocked", "unchanged")},
    }


def values(field: FieldChange, declared: str, live: str) -> str:
    """`declared "PT1H", live "PT30M"`; both values are given as they are to be shown."""
    is_computed = field.computed and field.after is None
    return f"{'not declared' if is_computed else f'declared {declared}'}, live {live}"


def last_changed(change: Change) -> str:
    """Who last wrote the live object and when, as far as Graph says; otherwise "".

    Graph records one time and at most one author for the whole object, whatever property was
    written; of a policy no author.
    """
    when = f" {visible(change.last_modified_at)}" if change.last_modified_at else ""
    who = f" by {visible(change.last_modified_by)}" if change.last_modified_by else ""
    if not when and not who:
        return ""
    unknown = "" if who else "; Graph does not say by whom"
    return f"the live {noun(change.kind)} was last changed{when}{who}{unknown}"


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
    missing = [change.object for change in plan.changes if change.action == "create"]
    absent = [change.object for change in plan.changes if change.reason.code == "declared_absent"]
    for what, kept in (("missing", missing), ("absent", absent)):
        if kept:
            words = plural(common_noun(kept))
            lines.append(
                f"export --update keeps the declarations of {what} {words}: remove them by hand."
            )
    return lines
