"""Names, titles and places, as every format for people shows them.

All text that comes from here is visible and on one line (`escape.visible`).
"""

from __future__ import annotations

from reconciler.model.diagnostic import SourceLocation
from reconciler.model.objects import ObjectRef, Parents
from reconciler.model.plan import Action, Change
from reconciler.render import drift as drift_words
from reconciler.render.escape import json_value, visible
from reconciler.render.nouns import noun
from reconciler.render.wording import PLAIN, Wording

SYMBOLS: dict[Action, str] = {
    "create": "+",
    "update": "~",
    "rename": ">",
    "replace": "-/+",
    "delete": "-",
    "blocked": "!",
}


def label(name: str | None) -> str:
    """The name as it reads in a sentence; quoted where it would be lost otherwise (empty, blanks at
    an end).
    """
    return visible(name) if name and name == name.strip() else json_value(name or "")


def scope_label(ref: ObjectRef) -> str:
    """The display name of a parent, or its id where that is all there is."""
    return label(str(ref))


def scope_title(ref: ObjectRef) -> str:
    """`Marketing (32efb28c-…)`."""
    identity = f" ({visible(ref.id)})" if ref.id and ref.display_name else ""
    return f"{scope_label(ref)}{identity}"


def object_title(ref: ObjectRef, parents: Parents = ()) -> str:
    """`notify-approvers (accessPackage…WorkflowExtension, id …)`; where the kind has one type only,
    `Marketing (catalog, id …)`; of an object with inner parents, `Initial policy (policy of
    Campaign tools, id …)`.
    """
    inner = f" of {parents_label(parents[1:])}" if parents[1:] else ""
    named = ref.display_name is not None
    identity = f", id {visible(ref.id)}" if ref.id and named else ""
    name = label(ref.display_name if named else ref.id)
    return f"{name} ({visible(ref.type or noun(ref.kind))}{inner}{identity})"


def parents_label(parents: Parents) -> str:
    """`Marketing`, or `Marketing / Onboarding` for two levels; "" for an object of the tenant."""
    return " / ".join(map(scope_label, parents))


def label_in_parents(ref: ObjectRef, parents: Parents) -> str:
    """`notify-approvers in Marketing`; of an object of the tenant its kind: `catalog Marketing`."""
    if not parents:
        return f"{noun(ref.kind)} {label(ref.display_name)}"
    return f"{label(ref.display_name)} in {parents_label(parents)}"


def change_title(change: Change, wording: Wording = PLAIN) -> str:
    """`~ update notify-approvers (…)`; for drift `+ missing in the tenant: NAME (…)` and `~ changed
    NAME (…)`.
    """
    word = drift_words.TITLES[change.action] if wording.drift else change.action
    return f"{SYMBOLS[change.action]} {word} {object_title(change.object, change.parents)}"


def place_text(place: SourceLocation | None, *, column: bool = False) -> str:
    """`desired_state/finance.yaml:14`, with the column if `column` is true; "" without a place.

    A finding about a whole file or path has no line.

    A name that begins with a colon gets the prefix `./`: GitHub's runner would read `::` at the
    start of a line as a command.
    """
    if place is None:
        return ""
    file = visible(place.file)
    lead = "./" if file.lstrip().startswith(":") else ""
    line = "" if place.line is None else f":{place.line}"
    return f"{lead}{file}{line}" + (f":{place.column}" if line and column else "")
