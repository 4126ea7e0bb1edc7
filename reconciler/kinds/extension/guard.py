"""What is in doubt about a planned change: an application without `url`, a possible rename."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from reconciler.kinds.extension.fields import FIELDS, LOGIC_APP_PATHS, URL_PATH
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Surroundings
from reconciler.model.objects import ObjectRef, Observed, Path, Value
from reconciler.model.plan import Change
from reconciler.model.reason import Reason, reason
from reconciler.plan.unmanaged import UNMANAGED

CANDIDATES_LISTED = 5

LogicApp: TypeAlias = tuple[str, ...]


def guard(change: Change, surroundings: Surroundings) -> Iterator[Diagnostic | Reason]:
    """R301 for a write of an application without `url`; R313 for a create whose Logic App is
    already called by an unmanaged extension of the same catalog and type; and a reason not to
    delete such an extension.
    """
    after = {row.path: row.after for row in change.fields}
    if surroundings.app_only and _looks_up_the_logic_app(change, after):
        yield _without_url(change)
    candidates = _same_call(change, after, surroundings)
    if candidates:
        yield _possible_rename(change, candidates)
    successor = _successor(change, surroundings)
    if successor is not None:
        yield reason("looks_renamed", name=successor.object.display_name, id=change.object.id)


def _looks_up_the_logic_app(change: Change, after: Mapping[Path, Value]) -> bool:
    """True for a create without url, and for an update to another Logic App without one: Graph
    looks the url up (docs/graph.md §2.6).
    """
    is_another = any(path in after for path in LOGIC_APP_PATHS)
    return change.action != "blocked" and is_another and after.get(URL_PATH) is None


def _without_url(change: Change) -> Diagnostic:
    return Diagnostic(
        "R301",
        "warning",
        f'"{change.object.display_name}" has no endpointConfiguration/url. Graph has rejected'
        " such a write by an application (UnauthorizedClientAppOnBehalfOfUnsupported): it looks up"
        " the url with the Azure permissions of the signed-in user, and there is no user.",
        "Declare url: the address of the Logic App's trigger without sig, sp and sv.",
        change.source,
    )


def _same_call(
    change: Change, after: Mapping[Path, Value], surroundings: Surroundings
) -> Sequence[ObjectRef]:
    """The unmanaged extensions of the same type that call the Logic App of a create, by name."""
    logic_app = _logic_app(after) if change.action == "create" else None
    if logic_app is None:
        return ()
    same = [
        live.ref
        for live in surroundings.unmanaged
        if live.ref.type == change.object.type and _calls(live, logic_app)
    ]
    return sorted(same, key=lambda ref: ((ref.display_name or "").casefold(), ref.id or ""))


def _successor(change: Change, surroundings: Surroundings) -> Change | None:
    """The planned create that may be meant as a rename of an unmanaged extension to be deleted: it
    is of the same type and calls the same Logic App.
    """
    live = surroundings.before
    if change.reason.code != UNMANAGED or live is None:
        return None
    for create in surroundings.created:
        logic_app = _logic_app({row.path: row.after for row in create.fields})
        if create.object.type == live.ref.type and logic_app and _calls(live, logic_app):
            return create
    return None


def _calls(live: Observed, logic_app: LogicApp) -> bool:
    """True if the extension calls the Logic App; its name, which mostly differs, is compared
    first, because every create is compared with every unmanaged extension.
    """
    names = zip(reversed(LOGIC_APP_PATHS), reversed(logic_app), strict=True)
    return all(FIELDS.comparable(path, live.properties.get(path)) == name for path, name in names)


def _logic_app(properties: Mapping[Path, Value]) -> LogicApp | None:
    """The three names of the Logic App, as Azure compares them; None if one is missing or not a
    string.
    """
    values = [FIELDS.comparable(path, properties.get(path)) for path in LOGIC_APP_PATHS]
    names = tuple(value for value in values if isinstance(value, str) and value)
    return names if len(names) == len(LOGIC_APP_PATHS) else None


def _possible_rename(change: Change, candidates: Sequence[ObjectRef]) -> Diagnostic:
    if len(candidates) == 1:
        [live] = candidates
        which = f'the unmanaged extension "{live.display_name or ""}" of the same type calls'
        hint = f"If it was renamed, add this line to the declaration: id: {live.id}"
    else:
        which = f"{len(candidates)} unmanaged extensions of the same type call"
        shown = candidates[:CANDIDATES_LISTED]
        lines = [f'id: {live.id} ("{live.display_name or ""}")' for live in shown]
        omitted = len(candidates) - len(shown)
        more = [f"{omitted} more"] if omitted else []
        hint = (
            "If one of them was renamed, add its id to the declaration:"
            f" {', '.join([*lines, *more])}"
        )
    message = (
        f'"{change.object.display_name}" in catalog {change.scope} will be created, but {which} the'
        " same Logic App. A rename without `id` creates a second extension and keeps the old one."
    )
    return Diagnostic("R313", "warning", message, hint, change.source)
