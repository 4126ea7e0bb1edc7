"""Whether a change still matches Graph: checked for a whole saved plan first, and again right
before each write.
"""

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
    """Why the change no longer matches the extensions observed now; None if it does.

    For a create or a rename `live` must be the whole catalog, because the name must be free in it.
    """
    name, own_id = folded(change.extension.display_name), change.extension.id
    allowed_ids = (own_id, *change.namesakes)
    same_name = (extension for extension in live if folded(extension.display_name) == name)
    namesake = next((extension for extension in same_name if extension.id not in allowed_ids), None)
    if change.action == "create":
        taken = f"an extension with this name already exists ({namesake.id})" if namesake else None
        return taken and (_already_applied(change, namesake) or taken)
    own = next((extension for extension in live if extension.id == own_id), None)
    if own is None:
        return f"the extension {own_id} no longer exists"
    if not _is_as_planned(change, own):
        return (
            _already_applied(change, own)
            or f"the extension {own.id} was changed after the plan was made"
        )
    if change.action == "rename" and namesake is not None and folded(own.display_name) != name:
        return f"the new name is now in use ({namesake.id})"
    return None


def _is_as_planned(change: Change, own: ObservedExtension) -> bool:
    """True if the fingerprint and every row's `before` equal those of the live extension."""
    if change.precondition is None or change.precondition.fingerprint != fingerprint(own):
        return False
    return all(
        holds_stand_in(row.before) or at(own.properties, row.path) == row.before
        for row in change.fields
    )


def _already_applied(change: Change, live: ObservedExtension | None) -> str | None:
    if (
        live is None
        or live.type != change.extension.type
        or compare(patched({}, change.fields), live.properties)
    ):
        return None
    return f"already in the desired state ({live.id}); the plan may have been applied before"
