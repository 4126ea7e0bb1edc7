"""Warns of creates that may be renames: without `id`, a changed name creates a second extension
beside the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from reconciler.diff.patch import patched
from reconciler.model.canonical import comparable
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.extension import ExtensionRef, ObservedCatalog
from reconciler.model.plan import Change, Unmanaged
from reconciler.model.types import LOGIC_APP, JsonValue

Call: TypeAlias = tuple[str | None, str, tuple[str, ...]]
"""Which catalog, which type, and which Logic App."""

CANDIDATES_LISTED = 5


def possible_renames(
    changes: Sequence[Change], unmanaged: Sequence[Unmanaged], observed: Sequence[ObservedCatalog]
) -> Iterator[Diagnostic]:
    """R313 for each create whose Logic App is already called by an unmanaged extension of the same
    catalog and type.
    """
    candidates = _by_call(unmanaged, observed)
    for change in changes:
        logic_app = _logic_app(patched({}, change.fields)) if change.action == "create" else None
        same = (
            candidates.get((change.catalog.id, change.extension.type, logic_app))
            if logic_app
            else None
        )
        if same:
            yield _possible_rename(change, same)


def _by_call(
    unmanaged: Sequence[Unmanaged], observed: Sequence[ObservedCatalog]
) -> Mapping[Call, Sequence[ExtensionRef]]:
    """The unmanaged extensions by catalog, type and Logic App."""
    unmanaged_ids = {(entry.catalog.id, entry.extension.id) for entry in unmanaged}
    calls: defaultdict[Call, list[ExtensionRef]] = defaultdict(list)
    for catalog_id, live in (
        (each.catalog.id, live) for each in observed for live in each.extensions
    ):
        logic_app = _logic_app(live.properties) if (catalog_id, live.id) in unmanaged_ids else None
        if logic_app:
            calls[catalog_id, live.type, logic_app].append(live.ref)
    return calls


def _logic_app(properties: Mapping[str, JsonValue]) -> tuple[str, ...] | None:
    """The three names of the Logic App, as Azure compares them; None if one is missing or not a
    string.
    """
    endpoint = comparable(properties).get("endpointConfiguration")
    members = [endpoint.get(name) for name in LOGIC_APP] if isinstance(endpoint, dict) else []
    names = tuple(name for name in members if isinstance(name, str) and name)
    return names if len(names) == len(LOGIC_APP) else None


def _possible_rename(change: Change, candidates: Sequence[ExtensionRef]) -> Diagnostic:
    live = sorted(
        candidates, key=lambda candidate: (candidate.display_name.casefold(), candidate.id or "")
    )
    if len(live) == 1:
        which = f'the unmanaged extension "{live[0].display_name}" of the same type calls'
        hint = f"If it was renamed, add this line to the declaration: id: {live[0].id}"
    else:
        which = f"{len(live)} unmanaged extensions of the same type call"
        lines = [f'id: {each.id} ("{each.display_name}")' for each in live[:CANDIDATES_LISTED]]
        more = [f"{len(live) - CANDIDATES_LISTED} more"] if len(live) > CANDIDATES_LISTED else []
        hint = (
            "If one of them was renamed, add its id to the declaration:"
            f" {', '.join([*lines, *more])}"
        )
    message = (
        f'"{change.extension.display_name}" in catalog {change.catalog} will be created, but'
        f" {which} the same Logic App. A rename without `id` creates a second extension and keeps"
        " the old one."
    )
    return Diagnostic("R313", "warning", message, hint, change.source)
