"""What every format for people says about a plan as a whole and about each change.

All text that comes from here is visible and on one line (`escape.visible`).
"""

from __future__ import annotations

from reconciler.model.plan import Change, Plan
from reconciler.model.plan_document import use_document
from reconciler.render import drift as drift_words
from reconciler.render.escape import visible
from reconciler.render.nouns import common_noun, plural
from reconciler.render.reasons import sentence, use_text
from reconciler.render.scopes import no_changes
from reconciler.render.titles import place_text
from reconciler.render.wording import PLAIN, Wording

UNMANAGED = "Unmanaged, left alone"


def target(plan: Plan) -> str:
    """`tenant … at sandbox`, and the environment in front where one was chosen."""
    environment = f"environment {plan.environment}, " if plan.environment else ""
    return f"{environment}tenant {visible(plan.tenant_id)} at {visible(plan.graph_url)}"


def nothing_to_do(plan: Plan, wording: Wording = PLAIN) -> list[str]:
    """The line that says so when there is nothing to do; before an apply, the outcomes say it."""
    return [] if plan.changes or wording.before_apply else [no_changes(plan)]


def last_line(plan: Plan, wording: Wording = PLAIN) -> str:
    """The stable last line: `Plan: 2 create, 0 update, … 0 unchanged.` or `Drift: 2 missing, … 0
    unchanged.`
    """
    return f"{wording.title}: {counts(plan, wording)}"


def counts(plan: Plan, wording: Wording = PLAIN) -> str:
    """What the last line counts: `2 create, 0 update, … 0 unchanged.`"""
    numbers = drift_words.counts(plan) if wording.drift else plan.summary
    shown = [word for word in numbers if wording.drift or word != "unmanaged"]
    return f"{', '.join(f'{numbers[word]} {word}' for word in shown)}."


def unmanaged_noun(plan: Plan) -> str:
    """The word for what is unmanaged: `extension`, or `object` for several kinds."""
    return common_noun(unmanaged.object for unmanaged in plan.unmanaged)


def unmanaged_notes(plan: Plan) -> tuple[str, ...]:
    """What to know about the unmanaged objects of a plan, below their list."""
    word = unmanaged_noun(plan)
    command = drift_words.command(plan, "export --update")
    return (
        f"Removing a declaration does not delete the {word} in the tenant; it becomes unmanaged.",
        f"To delete unmanaged {plural(word)}, declare each with `ensure: absent`.",
        f"To add unmanaged {plural(word)} to the files, run: {command}",
    )


def details(change: Change, wording: Wording = PLAIN) -> list[str]:
    """The reason for the change, the line that declares it, and for drift who last changed the live
    object.
    """
    because = f"because {visible(sentence(change.reason, change, wording.sentences))}"
    place = place_text(change.source)
    at = f"at {place}" if place else ""
    # The reason of a blocked change is a sentence of its own, often with places in it.
    on_two_lines = change.action == "blocked" or not at
    lines = [
        *([because, at] if on_two_lines else [f"{because}, {at}"]),
        _uses(change),
        drift_words.last_changed(change) if wording.drift else "",
        "already pending in the baseline" if change.already_pending else "",
    ]
    return [line for line in lines if line]


def _uses(change: Change) -> str:
    """What refers to an object that is removed; a use that does not end is a reason to block it."""
    if not change.removes:
        return ""
    if change.used_by is None:
        return "what uses it could not be read"
    if not change.used_by:
        return "nothing uses it"
    uses = "; ".join(use_text(use_document(use, change)) for use in change.used_by)
    return f"used until this plan ends it: {visible(uses)}"
