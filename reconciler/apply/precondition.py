"""Whether a change still fits what is live; asked for the whole saved plan first, and again right before each write."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diff.changes import fingerprint, name_is_free
from reconciler.diff.compare import compare
from reconciler.diff.match import folded
from reconciler.diff.patch import patched
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change


def stale_because(change: Change, live: Sequence[ObservedExtension]) -> str | None:
    """Why the change no longer fits the extensions that are live now; None when it does."""
    if change.action == "create":
        if name_is_free(live, change.extension.display_name):
            return None
        there = next(item for item in live if folded(item.display_name) == folded(change.extension.display_name))
        return _already(change, there) or f"an extension of this name exists by now ({there.id})"
    there_is = next((item for item in live if item.id == change.extension.id), None)
    if there_is is None:
        return f"the extension {change.extension.id} does not exist any more"
    if change.precondition is not None and change.precondition.fingerprint == fingerprint(there_is):
        return None
    return _already(change, there_is) or f"the extension {there_is.id} was changed since the plan was made"


def _already(change: Change, live: ObservedExtension) -> str | None:
    same = live.type == change.extension.type and not compare(patched({}, change.fields), live.properties)
    return (
        f"it is as planned already ({live.id}): this plan was carried out before, or by somebody else" if same else None
    )
