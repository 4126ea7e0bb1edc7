"""Whether a change still fits what is live; asked for the whole saved plan first, and again right before each write."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diff.changes import fingerprint
from reconciler.diff.compare import at, compare
from reconciler.diff.patch import patched
from reconciler.model.canonical import folded
from reconciler.model.extension import ObservedExtension
from reconciler.model.plan import Change
from reconciler.model.secrets import holds_stand_in


def stale_because(change: Change, live: Sequence[ObservedExtension]) -> str | None:
    """Why the change no longer fits the extensions that are live now; None when it does.

    For a create or a rename `live` must be the whole catalog, because the name must be free in it.
    """
    name, own_id = folded(change.extension.display_name), change.extension.id
    not_others = (own_id, *change.namesakes)
    namesake = next((item for item in live if folded(item.display_name) == name and item.id not in not_others), None)
    if change.action == "create":
        taken = f"an extension of this name exists by now ({namesake.id})" if namesake else None
        return taken and (_already(change, namesake) or taken)
    own = next((item for item in live if item.id == own_id), None)
    if own is None:
        return f"the extension {own_id} does not exist any more"
    if not _is_as_planned(change, own):
        return _already(change, own) or f"the extension {own.id} was changed since the plan was made"
    if change.action == "rename" and namesake is not None and folded(own.display_name) != name:
        return f"the new name is taken by now ({namesake.id})"
    return None


def _is_as_planned(change: Change, own: ObservedExtension) -> bool:
    """True when fingerprint and every row's `before` are those of the live extension."""
    if change.precondition is None or change.precondition.fingerprint != fingerprint(own):
        return False
    return all(holds_stand_in(row.before) or at(own.properties, row.path) == row.before for row in change.fields)


def _already(change: Change, live: ObservedExtension | None) -> str | None:
    if live is None or live.type != change.extension.type or compare(patched({}, change.fields), live.properties):
        return None
    return f"it is as planned already ({live.id}): this plan was carried out before, or by somebody else"
